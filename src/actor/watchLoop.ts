import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { limits } from "../limits.ts"
import { Logger } from "../services/Logger.ts"
import type { ActorEvent } from "../services/Observer.ts"

/**
 * Tells of an event loop that has stood still for over a second: it looks every `loop_look_ms`, and after everything that
 * its observer is told. A finer timer would see more, and costs processor time for ever.
 */
export const watchLoop: Effect.Effect<(event: ActorEvent) => Effect.Effect<void>, never, Logger | Scope.Scope> = Effect
  .gen(
    function*() {
      const { log } = yield* Logger
      const scope = yield* Effect.scope
      let isLooking = false

      /** Waits, and tells by how much longer than that it took. */
      const look = Effect.fnUntraced(function*(wait_ms: number) {
        const before = yield* Clock.monotonicTimeNanos
        yield* Effect.sleep(wait_ms)
        const took_ms = Number((yield* Clock.monotonicTimeNanos) - before) / 1e6
        const ms = Math.round(took_ms - wait_ms)
        if (ms > limits.loop_stall_ms) yield* log({ event: "loop_stalled", ms })
      })

      yield* Effect.forkScoped(Effect.forever(look(limits.loop_look_ms)))
      return () =>
        Effect.suspend(() => {
          if (isLooking) return Effect.void
          isLooking = true
          const lookOnce = Effect.andThen(look(0), Effect.sync(() => void (isLooking = false)))
          return Effect.asVoid(Effect.forkIn(lookOnce, scope))
        })
    }
  )
