import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { realpath, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { rescan_ms, subscribe } from "../agent/results/folderWatch.ts"
import { attempt, FileError } from "../storage/files.ts"
import { type Check, failed, ok } from "./Check.ts"
import { nearestFolder } from "./folder.ts"

const doctor_event_ms = 2_000 // from a change to the watcher's event

/** Watches a folder until the scope ends. */
export type Watch = (
  folder: string,
  onPath: (path: string) => void,
  onError: (error: FileError) => void
) => Effect.Effect<unknown, FileError, Scope.Scope>

/** Writes a file of our own, and removes it when the scope ends. */
const writeFor = (path: string) =>
  Effect.acquireRelease(
    attempt(path, () => writeFile(path, "", { mode: 0o600 })).pipe(
      Effect.mapError((error) => new FileError({ ...error, reason: `no file can be written there: ${error.reason}` }))
    ),
    () => Effect.ignore(attempt(path, () => rm(path, { force: true })))
  )

/** Returns when the watcher has reported a file that is written now. */
const delivered = Effect.fnUntraced(function*(watch: Watch, folder: string) {
  const heard = yield* Deferred.make<void, FileError>()
  const settle = (outcome: Effect.Effect<void, FileError>) => void Deferred.doneUnsafe(heard, outcome)
  const name = `.doctor-${process.pid}-watcher`
  const hear = (path: string) => basename(path) === name ? settle(Effect.void) : undefined
  yield* watch(folder, hear, (error) => settle(Effect.fail(error)))
  yield* writeFor(join(folder, name))
  yield* Deferred.await(heard)
})

const remedy =
  "let the results be on a local disk, and on Linux raise the limit that is reached (sysctl fs.inotify); " +
  `until then an answer is found by looking every ${rescan_ms / 1_000} s`

/** Whether an agent's answer would be seen within `within_ms`, in the folder of the results or the one where it will be made. */
export const watcherCheck = (watch: Watch, within_ms: number): Check => ({
  name: "watcher",
  run: Effect.fnUntraced(
    function*({ settings: { results_dir } }) {
      const nearest = yield* nearestFolder(results_dir)
      const folder = yield* attempt(nearest, () => realpath(nearest))
      return yield* delivered(watch, folder).pipe(
        Effect.as(ok(`${folder} is watched: a new file there is seen at once`)),
        Effect.timeoutOrElse({
          duration: within_ms,
          orElse: () =>
            Effect.succeed(failed(`${folder} cannot be watched: no event of a new file within ${within_ms} ms`, remedy))
        })
      )
    },
    Effect.scoped,
    Effect.catchTag(
      "FileError",
      ({ path, reason }) => Effect.succeed(failed(`${path} cannot be watched: ${reason}`, remedy))
    )
  )
})

/** `isWorking` is false, so that on Windows too the subscription ends with its scope. */
const watchFolder: Watch = (folder, onPath, onError) => subscribe(folder, { onPath, onError, isWorking: () => false })

export const resultsWatcherCheck = watcherCheck(watchFolder, doctor_event_ms)
