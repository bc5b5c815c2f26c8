import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stats } from "node:fs"
import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { isSafeWorkId } from "../domain/ids.ts"
import { kindOf, nameOf } from "../domain/Work.ts"
import { revocation } from "../process/wakeFiles.ts"
import { Logger } from "../services/Logger.ts"
import { Orphans } from "../services/Orphans.ts"
import { attempt, type FileError, isMissing, moveToFreeName, orElseLog } from "../storage/files.ts"
import { homeOf, makeFolder, orAbsent, withHome } from "../storage/folders.ts"
import { type Moment, skewOf, thisMoment } from "../storage/moment.ts"

const orphans_a_look = 1_000 // tasks; the rest waits for the next look

const day_ms = 24 * 60 * 60 * 1_000

/** A file of a task. Its name is the id and an ending that says what it is. */
interface TaskFile {
  readonly work_id: string
  readonly path: string
  readonly ending: string // of its name in `results/expired`
}

/** What an agent wrote, also an unfinished answer, and what was set aside in the same folder. */
const resultName = /^(.+)(\.json\.tmp|\.(?:started|progress|json)(?:\.(?:sent|rejected)-\d{1,16})?)$/

/** What the sidecar wrote, and what a kill during that left. */
const taskName =
  /^(.+?)((?:(?:\.messages|\.\d+\.payload)?\.json|\.prompt)(?:\.\d{1,10})?|\.log|\.[^.]+\.wake(?:\.alive)?)$/

/** Whether the id is a task's or a batch's. `results_dir` may hold other files, say a `package.json`. */
const isOurs = (work_id: string): boolean =>
  (work_id.startsWith("task-") || kindOf(work_id) === "messages") && isSafeWorkId(work_id)

/** The files in `folder` that belong to a task or batch. */
const filesOf = (folder: string, name: RegExp, kind: string): Effect.Effect<ReadonlyArray<TaskFile>, FileError> =>
  attempt(folder, () => readdir(folder)).pipe(
    orAbsent<Array<string>>(folder, []),
    Effect.map((names) =>
      names.flatMap((entry) => {
        const [, work_id = "", ending = ""] = name.exec(entry) ?? []
        return isOurs(work_id) ? [{ work_id, path: join(folder, entry), ending: `${kind}${ending}` }] : []
      })
    )
  )

const statOf = (path: string): Effect.Effect<Stats | null, FileError> =>
  attempt(path, () => lstat(path)).pipe(orAbsent(path, null))

/** The clock's time, or the time without its changes since `then`, if that is earlier: setting the clock makes no file old. */
const cautiousTime = (now: Moment, then: Moment): number => Math.min(now.wall, now.steady + skewOf(then))

/** The files of `results_dir` and `tasks_dir` by task. A task is stale when none of its files has changed for `retention_days`. */
export const OrphansFolder: Layer.Layer<never, never, SidecarConfig | Logger> = Layer.effect(
  Orphans,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { results_dir, retention_days, tasks_dir } = settings
    const home = homeOf(settings)
    const { log } = yield* Logger
    const begun = yield* thisMoment
    const expired = join(results_dir, "expired")
    let found = new Map<string, ReadonlyArray<TaskFile>>()

    const look = Effect.gen(function*() {
      const files = [
        ...yield* filesOf(results_dir, resultName, ""),
        ...yield* filesOf(tasks_dir, taskName, ".task")
      ]
      const before = cautiousTime(yield* thisMoment, begun) - retention_days * day_ms
      const byTask = Map.groupBy(files, ({ work_id }) => work_id)
      for (const { path, work_id } of files) {
        if (!byTask.has(work_id)) continue
        const stats = yield* statOf(path)
        if (stats !== null && stats.mtimeMs > before) byTask.delete(work_id)
      }
      found = new Map([...byTask].slice(0, orphans_a_look))
      return [...found.keys()]
    })

    /** Whether the file was moved. A revocation is removed instead, because no launcher is left that must find it. */
    const expire = Effect.fnUntraced(function*({ ending, path, work_id }: TaskFile, stamp: number) {
      const stats = ending.endsWith(".wake") ? yield* statOf(path) : null
      const isRevocation = stats !== null && stats.isFile() && stats.size <= revocation.length
      return yield* attempt(path, async () => {
        if (isRevocation) await rm(path)
        else {
          await makeFolder(home, expired)
          await moveToFreeName(path, (free) => join(expired, `${work_id}.${free}${ending}`), stamp)
        }
        return !isRevocation
      })
    }, Effect.catchIf(isMissing, () => Effect.succeed(false)))

    return {
      stale: orElseLog(withHome(home)(look), log, () => []), // what cannot be read may be young
      expire: Effect.fn("Orphans.expire")(function*(work_id: string) {
        const { wall } = yield* thisMoment
        const moved = yield* Effect.forEach(
          found.get(work_id) ?? [],
          (file) => orElseLog(expire(file, wall), log, () => false)
        )
        if (moved.includes(true)) {
          yield* log({ event: "files_expired", ...nameOf(work_id), folder: expired })
        }
      })
    }
  })
)
