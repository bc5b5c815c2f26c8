import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { realpath, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { subscribe } from "../agent/results/subscribe.ts"
import { limits } from "../limits.ts"
import { attempt, FileError } from "../storage/files.ts"
import { type Check, failed, ok } from "./Check.ts"
import { nearestFolder } from "./folder.ts"

/** How a folder is watched. */
export type Watch = (
  folder: string,
  onPath: (path: string) => void,
  onError: (error: FileError) => void
) => Effect.Effect<unknown, FileError, Scope.Scope>

/** A file of our own that lies in the folder until the scope ends. */
const writeFor = (path: string) =>
  Effect.acquireRelease(
    attempt(path, () => writeFile(path, "", { mode: 0o600 })).pipe(
      Effect.mapError((error) => new FileError({ ...error, reason: `no file can be written there: ${error.reason}` }))
    ),
    () => Effect.ignore(attempt(path, () => rm(path, { force: true })))
  )

/** Returns when the watcher has told of a file that is written meanwhile. */
const delivered = Effect.fnUntraced(function*(watch: Watch, folder: string) {
  const heard = yield* Deferred.make<void, FileError>()
  const settle = (outcome: Effect.Effect<void, FileError>) => void Deferred.doneUnsafe(heard, outcome)
  const name = `.doctor-${process.pid}-watcher`
  const hear = (path: string) => basename(path) === name ? settle(Effect.void) : undefined
  yield* watch(folder, hear, (error) => settle(Effect.fail(error)))
  yield* writeFor(join(folder, name))
  yield* Deferred.await(heard)
})

const slower = `until then an answer is found by looking every ${limits.rescan_ms / 1_000} s`
const remedy =
  `let the results be on a local disk, and on Linux raise the limit that is reached (sysctl fs.inotify); ${slower}`

/** Whether an agent's answer would be seen at once: in the folder of the results, or the one in which that is to be made. */
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

/** It watches for a moment only, so that the subscription is ended as one that does not work. */
const watchFolder: Watch = (folder, onPath, onError) => subscribe(folder, { onPath, onError, isWorking: () => false })

export const resultsWatcherCheck = watcherCheck(watchFolder, limits.doctor_event_ms)
