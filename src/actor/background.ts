import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { Message } from "../domain/Message.ts"
import type { FolderLease, FolderLost } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"
import type { ActorEvent } from "../services/Observer.ts"
import type { OrphanedFiles } from "../services/Orphans.ts"
import type { Waker } from "../services/Waker.ts"

const folder_look_ms = 30_000 // between two checks that the folder is still the one that was locked
const orphans_look_ms = 24 * 60 * 60 * 1_000
const loop_look_ms = 5_000
export const loop_stall_ms = 1_000 // a longer stall of the event loop is logged

/**
 * Finds files that nobody came back for, now and once a day, and posts one message for each task. Tasks with a living agent are left
 * out here; the rules leave out work in hand.
 */
export const findOrphans = (
  orphans: OrphanedFiles,
  waker: Waker["Service"],
  post: (message: Message) => Effect.Effect<void>
): Effect.Effect<never> =>
  Effect.gen(function*() {
    const stale = yield* orphans.stale
    // If it is unknown which agents live, all files wait for the next day.
    const alive = stale.length === 0 ? [] : yield* Effect.orElseSucceed(waker.survivors, () => stale)
    for (const work_id of stale) {
      if (!alive.includes(work_id)) yield* post({ _tag: "OrphanFound", work_id })
    }
    yield* Effect.sleep(orphans_look_ms)
  }).pipe(Effect.forever)

/**
 * Checks every 30 s whether the folder is still ours, because an idle sidecar saves nothing. A folder that is gone is a disk that
 * fails. A folder that was lost ends the daemon.
 */
export const watchFolder = (
  { check }: Context.Service.Shape<typeof FolderLease>,
  post: (message: Message) => Effect.Effect<void>
): Effect.Effect<void, FolderLost> =>
  check.pipe(
    Effect.catchTag("FolderGone", ({ message }) => post({ _tag: "SaveFailed", reason: message })),
    Effect.repeat(Schedule.spaced(folder_look_ms)),
    Effect.asVoid
  )

/**
 * Logs when the event loop stood still for over a second. It looks every `loop_look_ms` and after each observed event. A faster timer
 * would see more, but would cost processor time all the time.
 */
export const watchLoop: Effect.Effect<(event: ActorEvent) => Effect.Effect<void>, never, Logger | Scope.Scope> = Effect
  .gen(
    function*() {
      const { log } = yield* Logger
      const scope = yield* Effect.scope
      let isLooking = false

      /** Waits, and logs by how much longer that took. */
      const look = Effect.fnUntraced(function*(wait_ms: number) {
        const before = yield* Clock.monotonicTimeNanos
        yield* Effect.sleep(wait_ms)
        const took_ms = Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
        const ms = Math.round(took_ms - wait_ms)
        if (ms > loop_stall_ms) yield* log({ event: "loop_stalled", ms })
      })

      yield* Effect.forkScoped(Effect.forever(look(loop_look_ms)))
      return () =>
        Effect.suspend(() => {
          if (isLooking) return Effect.void
          isLooking = true
          const lookOnce = Effect.andThen(look(0), Effect.sync(() => void (isLooking = false)))
          return Effect.asVoid(Effect.forkIn(lookOnce, scope))
        })
    }
  )
