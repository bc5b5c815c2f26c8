import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stats } from "node:fs"
import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { kindOf, nameOf } from "../domain/Work.ts"
import { isSafeWorkId } from "../domain/workId.ts"
import { limits } from "../limits.ts"
import { Logger } from "../services/Logger.ts"
import { Orphans } from "../services/Orphans.ts"
import { orAbsent, withHome } from "../storage/absent.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing, moveToFreeName, orElseLog } from "../storage/files.ts"
import { homeOf, makeFolder } from "../storage/makeFolder.ts"
import type { Moment } from "../storage/moment.ts"
import { skewOf, thisMoment } from "../storage/moment.ts"
import { revocation } from "../storage/revocation.ts"

const day_ms = 24 * 60 * 60 * 1_000

/** A task's file: what its name begins with is the id, and what it ends with says what it is. */
interface TaskFile {
  readonly work_id: string
  readonly path: string
  readonly ending: string // where it is kept
}

/** What an agent wrote, an answer that is still being written included, and what could only be set aside beside it. */
const resultName = /^(.+)(\.json\.tmp|\.(?:started|progress|json)(?:\.(?:sent|rejected)-\d{1,16})?)$/

/** What we wrote, and what a kill in the middle of that left. */
const taskName = /^(.+)(\.json|\.json\.\d{1,10}|\.prompt|\.prompt\.\d{1,10}|\.log|\.[^.]+\.wake(?:\.alive)?)$/

/** The form of the hub's ids, or of a batch: somebody's `package.json` is none of ours, wherever `results_dir` leads. */
const isOurs = (work_id: string): boolean =>
  (work_id.startsWith("task-") || kindOf(work_id) === "messages") && isSafeWorkId(work_id)

/** The files in `folder` whose name is a task's; all others are none of ours. */
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

/** The earlier of what the clock says and what it would say had nobody set it since `then`: so no file is old by a jump. */
const cautiousTime = (now: Moment, then: Moment): number => Math.min(now.wall, now.steady + skewOf(then))

/**
 * The files of `results_dir` and `tasks_dir` by their tasks. A task is stale when all of its files are: they are one work.
 * The time of their last change is all that an earlier life of the daemon has left of their age.
 */
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
      found = new Map([...byTask].slice(0, limits.orphans_a_look))
      return [...found.keys()]
    })

    const keep = ({ ending, path, work_id }: TaskFile, stamp: number) =>
      attempt(path, async () => {
        await makeFolder(home, expired)
        return moveToFreeName(path, (free) => join(expired, `${work_id}.${free}${ending}`), stamp)
      })

    /** Where it went; null for a revocation, whose launcher comes no more, and for what is gone already. */
    const expire = Effect.fnUntraced(function*(file: TaskFile, stamp: number) {
      const isRevocation = file.ending.endsWith(".wake") && ((yield* statOf(file.path))?.size ?? 0) <= revocation.length
      return yield* isRevocation ? Effect.as(attempt(file.path, () => rm(file.path)), null) : keep(file, stamp)
    }, Effect.catchIf(isMissing, () => Effect.succeed(null)))

    return {
      stale: orElseLog(withHome(home)(look), log, () => []), // what cannot be seen may be young
      expire: Effect.fn("Orphans.expire")(function*(work_id: string) {
        const { wall } = yield* thisMoment
        const moved = yield* Effect.forEach(
          found.get(work_id) ?? [],
          (file) => orElseLog(expire(file, wall), log, () => null)
        )
        if (moved.some((path) => path !== null)) {
          yield* log({ event: "files_expired", ...nameOf(work_id), folder: expired })
        }
      })
    }
  })
)
