import type { AsyncSubscription } from "@parcel/watcher"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as ScopedRef from "effect/ScopedRef"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { watch } from "node:fs"
import { realpath, stat } from "node:fs/promises"
import { basename, join } from "node:path"
import { platform, watcherBackend } from "../../platform.ts"
import { attempt, codeOf, FileError, reasonOf } from "../../storage/files.ts"
import { makeFolder } from "../../storage/folders.ts"

export const rescan_ms = 5_000
const unwatch_retry_ms = 20 // between two attempts to end a watcher
const unwatch_retries = 50

/** Who hears of changes. */
interface Listener {
  /** Gets the path of what has changed; the path of the folder itself if that is gone, or if the change is not known. */
  readonly onPath: (path: string) => void
  readonly onError: (error: FileError) => void
  /** Whether the subscription works; asked at its end. */
  readonly isWorking: () => boolean
}

/** What the system's errors mean for a watch. Its own words speak of disks and of open files. */
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

/** By Node itself. It fails at once at a limit of the system, and needs one descriptor for all folders together. */
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

/** Our own folders below it, and anything nested deeper, hold nothing that we wait for. */
const ignore = ["sent", "rejected", "expired", "*/*"]

/**
 * The watcher of a folder that is gone can be ended only after it has noticed that. Left as it is, the next watch of a folder
 * of that name would share it, and see nothing.
 */
const unsubscribe = (subscription: AsyncSubscription): Effect.Effect<void> =>
  Effect.tryPromise(() => subscription.unsubscribe()).pipe(
    Effect.retry({ schedule: Schedule.spaced(unwatch_retry_ms), times: unwatch_retries }),
    Effect.ignore
  )

/**
 * By @parcel/watcher. The backend is named because it would otherwise start any `watchman` on the PATH. On Windows a
 * subscription that works is left to end with the process: the native part reads freed memory if an event comes while it ends.
 */
const byParcel = (backend: "windows" | "fs-events", folder: string, { isWorking, onError, onPath }: Listener) =>
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

/** Tells of every path that changes directly in the folder, until the scope ends. The folder's path must hold no link. */
export const subscribe = (folder: string, listener: Listener): Effect.Effect<unknown, FileError, Scope.Scope> =>
  watcherBackend === null ? byNode(folder, listener) : byParcel(watcherBackend, folder, listener)

/**
 * Makes the folder if it is missing. Returns its path without links, and what tells it from an earlier folder of that name,
 * which may have had the same inode. Windows does not reuse the number so soon, and under Wine the time of birth is that of
 * the last change.
 */
const locate = (home: string, folder: string) =>
  attempt(folder, async () => {
    await makeFolder(home, folder)
    const { birthtimeNs, dev, ino } = await stat(folder, { bigint: true })
    const real = await realpath(folder)
    return { real, identity: `${real}:${dev}:${ino}${platform === "windows" ? "" : `:${birthtimeNs}`}` }
  })

interface Watching {
  readonly subscription: ScopedRef.ScopedRef<unknown>
  identity: string | null // of the folder that is watched; null if no subscription works
  failure: FileError | null // what the subscription has reported as broken
  told: string | null // the trouble that was reported last
}

/** Subscribes again if another folder has the name now, or if the subscription has failed. */
const keepWatching = Effect.fnUntraced(
  function*(watching: Watching, home: string, folder: string, onChange: (name: string | null) => void) {
    const { identity, real } = yield* locate(home, folder)
    const { failure, subscription } = watching
    if (failure === null && watching.identity === identity) return
    watching.identity = null
    watching.failure = null
    // The old one ends first, or the new one would share its watcher.
    yield* ScopedRef.set(subscription, Effect.succeed(null))
    if (failure !== null) return yield* failure
    yield* ScopedRef.set(
      subscription,
      subscribe(real, {
        onPath: (path) => {
          if (path === real) watching.identity = null // it was deleted
          onChange(path === real ? null : basename(path))
        },
        onError: (error) => {
          watching.failure = error
        },
        isWorking: () => watching.identity !== null
      })
    )
    watching.identity = identity
  },
  Effect.uninterruptible
)

/**
 * Watches the folder from the first request for its ticks until the scope ends. A tick says when to look for files that
 * begin with a prefix: at once, after every event, and every `rescan_ms`. The folder is made again if it is gone. Trouble
 * delays the look but never stops the ticks, and `onTrouble` hears of it once while it lasts.
 */
export const makeFolderTicks = Effect.fnUntraced(
  function*(home: string, folder: string, onTrouble: (error: FileError) => Effect.Effect<void>) {
    // One subscription serves all tasks.
    const subscription = yield* ScopedRef.make((): unknown => null)
    const watching: Watching = { subscription, identity: null, failure: null, told: null }
    const alone = yield* Semaphore.make(1)
    const listeners = new Set<(name: string | null) => void>()
    const onChange = (name: string | null) => {
      for (const hear of listeners) hear(name)
    }
    const look = Effect.match(keepWatching(watching, home, folder, onChange), {
      onFailure: (error) => error,
      onSuccess: () => null
    }).pipe(
      Effect.tap((trouble) => trouble !== null && trouble.reason !== watching.told ? onTrouble(trouble) : Effect.void),
      Effect.tap((trouble) =>
        Effect.sync(() => {
          watching.told = trouble?.reason ?? null
        })
      ),
      alone.withPermits(1)
    )

    const ticksFor = (prefix: string): Stream.Stream<void> =>
      Stream.callback<void>((ticks) =>
        Effect.gen(function*() {
          const hear = (name: string | null) => {
            if (name === null || name.startsWith(prefix)) Queue.offerUnsafe(ticks, undefined)
          }
          yield* Effect.acquireRelease(
            Effect.sync(() => listeners.add(hear)),
            () => Effect.sync(() => listeners.delete(hear))
          )
          return yield* look.pipe(
            Effect.andThen(Queue.offer(ticks, undefined)),
            Effect.andThen(Effect.sleep(rescan_ms)),
            Effect.forever
          )
        }), { bufferSize: 1, strategy: "dropping" }) // one waiting tick stands for all

    return {
      ticksFor,
      /** Ticks at once, as after an event. */
      nudge: (prefix: string) => Effect.sync(() => onChange(prefix))
    }
  }
)
