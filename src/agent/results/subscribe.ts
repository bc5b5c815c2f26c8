import type { AsyncSubscription } from "@parcel/watcher"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { watch } from "node:fs"
import { basename, join } from "node:path"
import { limits } from "../../limits.ts"
import { watcherBackend } from "../../platform.ts"
import { codeOf, FileError, reasonOf } from "../../storage/files.ts"

/** What a subscription tells, and whether it is one that works. */
export interface Listener {
  /** The path of what has changed; that of the folder itself where it is gone, or where nobody knows what has changed. */
  readonly onPath: (path: string) => void
  readonly onError: (error: FileError) => void
  readonly isWorking: () => boolean
}

/** What the system means by its errors where it is asked to watch; its own words speak of disks and of open files. */
const limitsReached: Readonly<Record<string, string>> = {
  ENOSPC: "no inotify watches are left for this user (fs.inotify.max_user_watches)",
  EMFILE: "no inotify instance is left for this user (fs.inotify.max_user_instances), " +
    "or no file descriptor for this process (ulimit -n)",
  ENFILE: "no file descriptor is left on this machine (fs.file-max)"
}

const watchError = (folder: string) => (cause: unknown): FileError => {
  const code = codeOf(cause)
  return new FileError({ path: folder, code, reason: limitsReached[code] ?? reasonOf(cause) })
}

/** By the system itself: it fails at once where a limit is reached, and costs one descriptor for all folders together. */
const byNode = (folder: string, { onError, onPath }: Listener) =>
  Effect.acquireRelease(
    Effect.try({
      try: () => {
        const watcher = watch(folder, (_, name) => {
          onPath(name === null || name === basename(folder) ? folder : join(folder, name))
        })
        watcher.on("error", (error) => onError(watchError(folder)(error)))
        return watcher
      },
      catch: watchError(folder)
    }),
    (watcher) => Effect.sync(() => watcher.close())
  )

/** The folders of ours below it, and whatever is nested deeper, hold nothing that we wait for. */
const ignore = ["sent", "rejected", "expired", "*/*"]

/**
 * The watcher of a folder that is gone can be ended only when it has learnt of that. Left as it is, it would be shared with
 * whoever watches the next folder of that name, and is blind to it.
 */
const unsubscribe = (subscription: AsyncSubscription): Effect.Effect<void> =>
  Effect.tryPromise(() => subscription.unsubscribe()).pipe(
    Effect.retry({ schedule: Schedule.spaced(limits.unwatch_retry_ms), times: limits.unwatch_retries }),
    Effect.ignore
  )

/**
 * By @parcel/watcher, whose backend is named, as it would else start any `watchman` on the PATH. On Windows one that works
 * is left to end with the process: its native part reads freed memory where an event comes while it is ended.
 */
const byParcel = (
  backend: "windows" | "fs-events",
  folder: string,
  { isWorking, onError, onPath }: Listener
) =>
  Effect.acquireRelease(
    Effect.tryPromise({
      try: async () => {
        const { default: watcher } = await import("@parcel/watcher")
        return watcher.subscribe(folder, (error, events) => {
          if (error !== null) onError(watchError(folder)(error))
          else for (const { path } of events) onPath(path)
        }, { ignore, backend })
      },
      catch: watchError(folder)
    }),
    (subscription) => backend === "windows" && isWorking() ? Effect.void : unsubscribe(subscription)
  )

/** Tells of every path that changes directly in the folder, until the scope ends. The path is to hold no link. */
export const subscribe = (
  folder: string,
  listener: Listener
): Effect.Effect<unknown, FileError, Scope.Scope> =>
  watcherBackend === null ? byNode(folder, listener) : byParcel(watcherBackend, folder, listener)
