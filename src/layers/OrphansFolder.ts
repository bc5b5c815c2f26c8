import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Stats } from "node:fs"
import { lstat, readdir, rm } from "node:fs/promises"
import { join } from "node:path"
import { isSafeTaskId } from "../domain/taskId.ts"
import { limits } from "../limits.ts"
import { Logger } from "../services/Logger.ts"
import { Orphans } from "../services/Orphans.ts"
import { SidecarConfig } from "../SidecarConfig.ts"
import { orAbsent, withHome } from "./absent.ts"
import type { FileError } from "./files.ts"
import { attempt, isMissing, moveToFreeName, orElseLog } from "./files.ts"
import { homeOf, makeFolder } from "./makeFolder.ts"
import type { Moment } from "./moment.ts"
import { skewOf, thisMoment } from "./moment.ts"
import { revocation } from "./revocation.ts"

const day_ms = 24 * 60 * 60 * 1_000

/** A task's file: what its name begins with is the id, and what it ends with says what it is. */
interface TaskFile {
  readonly task_id: string
  readonly path: string
  readonly ending: string // where it is kept
}

/** What an agent wrote, an answer that is still being written included, and what could only be set aside beside it. */
const resultName = /^(.+)(\.json\.tmp|\.(?:started|progress|json)(?:\.(?:sent|rejected)-\d{1,16})?)$/

/** What we wrote, and what a kill in the middle of that left. */
const taskName = /^(.+)(\.json|\.json\.\d{1,10}|\.prompt|\.prompt\.\d{1,10}|\.log|\.[^.]+\.wake(?:\.alive)?)$/

/** The form of the hub's own ids: somebody's `package.json` is none of ours, wherever `results_dir` leads. */
const isOfHub = (task_id: string): boolean => task_id.startsWith("task-") && isSafeTaskId(task_id)

/** The files in `folder` whose name is a task's; all others are none of ours. */
const filesOf = (folder: string, name: RegExp, kind: string): Effect.Effect<ReadonlyArray<TaskFile>, FileError> =>
  attempt(folder, () => readdir(folder)).pipe(
    orAbsent<Array<string>>(folder, []),
    Effect.map((names) =>
      names.flatMap((entry) => {
        const [, task_id = "", ending = ""] = name.exec(entry) ?? []
        return isOfHub(task_id) ? [{ task_id, path: join(folder, entry), ending: `${kind}${ending}` }] : []
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
      const byTask = Map.groupBy(files, ({ task_id }) => task_id)
      for (const { path, task_id } of files) {
        if (!byTask.has(task_id)) continue
        const stats = yield* statOf(path)
        if (stats !== null && stats.mtimeMs > before) byTask.delete(task_id)
      }
      found = new Map([...byTask].slice(0, limits.orphans_a_look))
      return [...found.keys()]
    })

    const keep = ({ ending, path, task_id }: TaskFile, stamp: number) =>
      attempt(path, async () => {
        await makeFolder(home, expired)
        return moveToFreeName(path, (free) => join(expired, `${task_id}.${free}${ending}`), stamp)
      })

    /** Where it went; null for a revocation, whose launcher comes no more, and for what is gone already. */
    const expire = Effect.fnUntraced(function*(file: TaskFile, stamp: number) {
      const stats = file.ending.endsWith(".wake") ? yield* statOf(file.path) : null
      const isRevocation = stats !== null && stats.isFile() && stats.size <= revocation.length
      return yield* isRevocation ? Effect.as(attempt(file.path, () => rm(file.path)), null) : keep(file, stamp)
    }, Effect.catchIf(isMissing, () => Effect.succeed(null)))

    return {
      stale: orElseLog(withHome(home)(look), log, () => []), // what cannot be seen may be young
      expire: Effect.fn("Orphans.expire")(function*(task_id: string) {
        const { wall } = yield* thisMoment
        const moved = yield* Effect.forEach(
          found.get(task_id) ?? [],
          (file) => orElseLog(expire(file, wall), log, () => null)
        )
        if (moved.some((path) => path !== null)) {
          yield* log({ event: "files_expired", task_id, folder: expired })
        }
      })
    }
  })
)
