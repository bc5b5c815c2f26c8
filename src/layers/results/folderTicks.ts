import type { AsyncSubscription } from "@parcel/watcher"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as ScopedRef from "effect/ScopedRef"
import * as Stream from "effect/Stream"
import { mkdir, stat } from "node:fs/promises"
import { basename } from "node:path"
import { limits } from "../../limits.ts"
import { attempt, FileError, reasonOf } from "../files.ts"

/** The folders of ours below it, and whatever is nested deeper, hold nothing that we wait for. */
const ignore = ["sent", "rejected", "expired", "*/*"]

/** Makes the folder if it is missing, and tells it from another that had its name before, and maybe its inode. */
const identify = (folder: string) =>
  attempt(folder, async () => {
    await mkdir(folder, { recursive: true })
    const { birthtimeNs, dev, ino } = await stat(folder, { bigint: true })
    return `${dev}:${ino}:${birthtimeNs}`
  })

const subscribe = (folder: string, onPath: (path: string) => void, onError: (error: FileError) => void) =>
  Effect.acquireRelease(
    attempt(folder, async () => {
      const { default: watcher } = await import("@parcel/watcher")
      return watcher.subscribe(folder, (error, events) => {
        if (error !== null) onError(new FileError({ path: folder, code: "", reason: reasonOf(error) }))
        else for (const { path } of events) onPath(path)
      }, { ignore })
    }),
    (subscription: AsyncSubscription) => Effect.ignore(Effect.tryPromise(() => subscription.unsubscribe()))
  )

/** The subscription, the folder it is to (null for none that works), and what it has reported as broken. */
interface Watching {
  readonly subscription: ScopedRef.ScopedRef<AsyncSubscription | null>
  identity: string | null
  failure: FileError | null
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
    // The old one goes first: the watcher would share it with the new, and it is blind to the new folder.
    yield* ScopedRef.set(subscription, Effect.succeed(null))
    if (failure !== null) return yield* failure
    yield* ScopedRef.set(
      subscription,
      subscribe(folder, onPath, (error) => {
        watching.failure = error
      })
    )
    watching.identity = identity
  }
)

/**
 * Says when to look for files that begin with `prefix`: at once, after every event, and every `rescan_ms` for the truth.
 * The folder is made again if it is gone. Trouble costs the speed, never the stream, and is told once while it lasts.
 */
export const folderTicks = (
  folder: string,
  prefix: string,
  onTrouble: (error: FileError) => Effect.Effect<void>
): Stream.Stream<void> =>
  Stream.callback<void>((ticks) =>
    Effect.gen(function*() {
      const tick = () => Queue.offerUnsafe(ticks, undefined)
      const watching: Watching = { subscription: yield* ScopedRef.make(noSubscription), identity: null, failure: null }
      const onPath = (path: string) => {
        if (path === folder) watching.identity = null // it was deleted
        if (basename(path).startsWith(prefix)) tick()
      }
      let told: string | null = null
      const rescan = Effect.gen(function*() {
        const trouble = yield* Effect.match(keepWatching(watching, folder, onPath), { onFailure: (error) => error, onSuccess: () => null })
        if (trouble !== null && trouble.reason !== told) yield* onTrouble(trouble)
        told = trouble?.reason ?? null
        tick()
        yield* Effect.sleep(limits.rescan_ms)
      })
      return yield* Effect.forever(rescan)
    }), { bufferSize: 1, strategy: "dropping" }) // one tick that waits stands for all
