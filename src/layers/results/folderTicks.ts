import type { AsyncSubscription } from "@parcel/watcher"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schedule from "effect/Schedule"
import * as ScopedRef from "effect/ScopedRef"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { mkdir, stat } from "node:fs/promises"
import { basename } from "node:path"
import { limits } from "../../limits.ts"
import { platform } from "../../platform.ts"
import { attempt, FileError, reasonOf } from "../files.ts"

/** The folders of ours below it, and whatever is nested deeper, hold nothing that we wait for. */
const ignore = ["sent", "rejected", "expired", "*/*"]

/**
 * Makes the folder if it is missing, and tells it from another that had its name before, and maybe its inode. Windows gives
 * no number out twice so soon, and where Wine plays it, the time of birth is that of the last change.
 */
const identify = (folder: string) =>
  attempt(folder, async () => {
    await mkdir(folder, { recursive: true })
    const { birthtimeNs, dev, ino } = await stat(folder, { bigint: true })
    return platform === "windows" ? `${dev}:${ino}` : `${dev}:${ino}:${birthtimeNs}`
  })

/** What a subscription tells, and whether it is one that works. */
interface Listener {
  readonly onPath: (path: string) => void
  readonly onError: (error: FileError) => void
  readonly isWorking: () => boolean
}

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
 * Tells of every path that changes directly in the folder, until the scope ends. On Windows one that works is left to end
 * with the process: its native part reads freed memory where an event comes while it is ended.
 */
export const subscribe = (folder: string, { isWorking, onError, onPath }: Listener) =>
  Effect.acquireRelease(
    attempt(folder, async () => {
      const { default: watcher } = await import("@parcel/watcher")
      return watcher.subscribe(folder, (error, events) => {
        if (error !== null) onError(new FileError({ path: folder, code: "", reason: reasonOf(error) }))
        else for (const { path } of events) onPath(path)
      }, { ignore })
    }),
    (subscription: AsyncSubscription) => platform === "windows" && isWorking() ? Effect.void : unsubscribe(subscription)
  )

/** The subscription, the folder it is to (null for none that works), what it has reported as broken, and who was told. */
interface Watching {
  readonly subscription: ScopedRef.ScopedRef<AsyncSubscription | null>
  identity: string | null
  failure: FileError | null
  told: string | null
}

const noSubscription = (): AsyncSubscription | null => null

/** Subscribes anew where another folder bears the name by now, or the subscription has broken. */
const keepWatching = Effect.fnUntraced(
  function*(watching: Watching, folder: string, onPath: (path: string) => void) {
    const identity = yield* identify(folder)
    const { failure, subscription } = watching
    if (failure === null && watching.identity === identity) return
    watching.identity = null
    watching.failure = null
    // The old one goes first, lest the new one shares its watcher.
    yield* ScopedRef.set(subscription, Effect.succeed(null))
    if (failure !== null) return yield* failure
    yield* ScopedRef.set(
      subscription,
      subscribe(folder, {
        onPath,
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
 * Watches the folder for as long as the scope lasts, from the first time on that somebody asks for its ticks: those say
 * when to look for files that begin with a prefix, at once, after every event, and every `rescan_ms` for the truth. The
 * folder is made again if it is gone. Trouble costs the speed, never the ticks, and is told once while it lasts.
 */
export const makeFolderTicks = Effect.fnUntraced(
  function*(folder: string, onTrouble: (error: FileError) => Effect.Effect<void>) {
    // One subscription serves all tasks: the watcher loses a file descriptor with each that is ended.
    const subscription = yield* ScopedRef.make(noSubscription)
    const watching: Watching = { subscription, identity: null, failure: null, told: null }
    const alone = yield* Semaphore.make(1)
    const listeners = new Set<(path: string) => void>()
    const onPath = (path: string) => {
      if (path === folder) watching.identity = null // it was deleted
      for (const hear of listeners) hear(path)
    }
    const look = Effect.match(keepWatching(watching, folder, onPath), {
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
          const hear = (path: string) => basename(path).startsWith(prefix) && Queue.offerUnsafe(ticks, undefined)
          yield* Effect.acquireRelease(
            Effect.sync(() => listeners.add(hear)),
            () => Effect.sync(() => listeners.delete(hear))
          )
          return yield* look.pipe(
            Effect.andThen(Queue.offer(ticks, undefined)),
            Effect.andThen(Effect.sleep(limits.rescan_ms)),
            Effect.forever
          )
        }), { bufferSize: 1, strategy: "dropping" }) // one tick that waits stands for all

    return {
      ticksFor,
      /** A tick out of turn, as if there had been an event. */
      nudge: (prefix: string) =>
        Effect.sync(() => {
          for (const hear of listeners) hear(prefix)
        })
    }
  }
)
