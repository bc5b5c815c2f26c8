import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { attempt, type FileError } from "../layers/files.ts"
import { subscribe } from "../layers/results/folderTicks.ts"
import { limits } from "../limits.ts"
import { type Check, failed, ok } from "./Check.ts"
import { nearestFolder } from "./folder.ts"

/** How a folder is watched. */
export type Watch = (
  folder: string,
  onPath: (path: string) => void,
  onError: (error: FileError) => void
) => Effect.Effect<unknown, FileError, Scope.Scope>

const temporaryFolder = (inside: string) =>
  Effect.acquireRelease(
    attempt(inside, () => mkdtemp(join(inside, ".doctor-"))),
    (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  )

/** Returns when the watcher has told of a file that is written meanwhile. */
const delivered = Effect.fnUntraced(function*(watch: Watch, folder: string) {
  const heard = yield* Deferred.make<void, FileError>()
  const settle = (outcome: Effect.Effect<void, FileError>) => void Deferred.doneUnsafe(heard, outcome)
  yield* watch(folder, () => settle(Effect.void), (error) => settle(Effect.fail(error)))
  yield* attempt(folder, () => writeFile(join(folder, "file"), ""))
  yield* Deferred.await(heard)
})

const slower = `until then an answer is found by looking every ${limits.rescan_ms / 1_000} s`
const remedy =
  `let the results be on a local disk, and on Linux raise fs.inotify.max_user_watches and max_user_instances; ${slower}`

/** Whether an agent's answer would be seen at once where results are, in a folder beside them. */
export const watcherCheck = (watch: Watch, within_ms: number): Check => ({
  name: "watcher",
  run: Effect.fnUntraced(
    function*({ settings: { results_dir } }) {
      const folder = yield* temporaryFolder(yield* nearestFolder(dirname(results_dir)))
      return yield* delivered(watch, folder).pipe(
        Effect.as(ok(`a new file beside ${results_dir} is seen at once`)),
        Effect.timeoutOrElse({
          duration: within_ms,
          orElse: () => Effect.succeed(failed(`no event of a new file within ${within_ms} ms`, remedy))
        })
      )
    },
    Effect.scoped,
    Effect.catchTag("FileError", ({ reason }) => Effect.succeed(failed(`nothing can be watched: ${reason}`, remedy)))
  )
})

/** It watches for a moment only, so that the subscription is ended as one that does not work. */
const watchFolder: Watch = (folder, onPath, onError) => subscribe(folder, { onPath, onError, isWorking: () => false })

export const parcelWatcherCheck = watcherCheck(watchFolder, limits.doctor_event_ms)
