import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import { pingFrame } from "../protocol/outgoing.ts"
import type { HubSocket } from "./socket.ts"
import type { Timing } from "./timing.ts"

export interface Heartbeat {
  /** A pong came. */
  readonly pong: Effect.Effect<unknown>
  /** Pings until the hub leaves one unanswered, and returns then. */
  readonly untilDead: Effect.Effect<void>
}

/**
 * The hub's own heartbeat, in JSON frames. A pong that waits among what we have not read yet is not missing: as long as
 * there is something unread, it is we who are slow, and what comes right behind it has its time as well.
 */
export const makeHeartbeat = Effect.fnUntraced(function*(socket: HubSocket, timing: Timing) {
  const answered = yield* Latch.make(false)
  const pongInTime = answered.await.pipe(Effect.timeoutOption(timing.pong_timeout_ms), Effect.map(Option.isSome))
  /** Whether the whole time of a pong passes without one, and with nothing unread at both its ends. */
  const silent = (wasUnread: boolean): Effect.Effect<boolean> =>
    Effect.flatMap(
      Effect.all([pongInTime, socket.hasUnread]),
      ([inTime, isUnread]) =>
        inTime ? Effect.succeed(false) : isUnread || wasUnread ? silent(isUnread) : Effect.succeed(true)
    )
  const beat = answered.close.pipe(
    Effect.andThen(socket.send(pingFrame)),
    Effect.andThen(socket.hasUnread),
    Effect.flatMap(silent)
  )
  const everyInterval = Schedule.fixed(timing.ping_interval_ms).pipe(
    Schedule.setInputType<boolean>(),
    Schedule.while(({ input: dead }) => !dead)
  )
  return {
    pong: answered.open,
    untilDead: Effect.asVoid(Effect.scheduleFrom(beat, false, everyInterval))
  } satisfies Heartbeat
})
