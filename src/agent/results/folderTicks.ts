import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as ScopedRef from "effect/ScopedRef"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import { realpath, stat } from "node:fs/promises"
import { basename } from "node:path"
import { limits } from "../../limits.ts"
import { platform } from "../../platform.ts"
import { attempt, type FileError } from "../../storage/files.ts"
import { makeFolder } from "../../storage/makeFolder.ts"
import { subscribe } from "./subscribe.ts"

/** Which folder bears a name at this moment, and where it is without links. */
interface Place {
  readonly identity: string
  readonly real: string
}

/**
 * Makes the folder if it is missing, and tells it from another that had its name before, and maybe its inode. Windows gives
 * no number out twice so soon, and where Wine plays it, the time of birth is that of the last change.
 */
const locate = (home: string, folder: string) =>
  attempt(folder, async (): Promise<Place> => {
    await makeFolder(home, folder)
    const { birthtimeNs, dev, ino } = await stat(folder, { bigint: true })
    const real = await realpath(folder)
    return { real, identity: `${real}:${dev}:${ino}${platform === "windows" ? "" : `:${birthtimeNs}`}` }
  })

/** The subscription, the folder it is to (null for none that works), what it has reported as broken, and who was told. */
interface Watching {
  readonly subscription: ScopedRef.ScopedRef<unknown>
  identity: string | null
  failure: FileError | null
  told: string | null
}

/** Subscribes anew where another folder bears the name by now, or the subscription has broken. */
const keepWatching = Effect.fnUntraced(
  function*(watching: Watching, home: string, folder: string, onChange: (name: string | null) => void) {
    const { identity, real } = yield* locate(home, folder)
    const { failure, subscription } = watching
    if (failure === null && watching.identity === identity) return
    watching.identity = null
    watching.failure = null
    // The old one goes first, lest the new one shares its watcher.
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
 * Watches the folder for as long as the scope lasts, from the first time on that somebody asks for its ticks: those say
 * when to look for files that begin with a prefix, at once, after every event, and every `rescan_ms` for the truth. The
 * folder is made again if it is gone. Trouble costs the speed, never the ticks, and is told once while it lasts.
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
            Effect.andThen(Effect.sleep(limits.rescan_ms)),
            Effect.forever
          )
        }), { bufferSize: 1, strategy: "dropping" }) // one tick that waits stands for all

    return {
      ticksFor,
      /** A tick out of turn, as if there had been an event. */
      nudge: (prefix: string) => Effect.sync(() => onChange(prefix))
    }
  }
)
