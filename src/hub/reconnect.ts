import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"
import { limits } from "../limits.ts"
import type { Timing } from "./timing.ts"

/** What the end of a connection means for the next one. */
export interface Ended {
  /** It was a good one: the schedule begins anew. */
  readonly identified: boolean
  /** The hub does not want us as we are: no sooner than at the end of the schedule. */
  readonly refused: boolean
  /** It was closed as a frame was too large (1009), by us or by the hub: the next one may end in the same way. */
  readonly too_large: boolean
  /** What the hub asked us to wait, in milliseconds. */
  readonly cooldown_ms: number
}

/** The milliseconds to wait that a close frame of the hub names, or 0. */
export const cooldownOf = (code: number, reason: string): number => {
  const seconds = code === 1008 ? /^cooldown active: retry in (\d+)s/.exec(reason)?.[1] : undefined
  return Math.min(limits.max_cooldown_ms, Number(seconds ?? 0) * 1_000)
}

/** 1, 2, 4 … 60, 60 … seconds, each drawn between half and the whole of it; a cooldown is waited out in any case. */
export const reconnectSchedule = (timing: Timing): Schedule.Schedule<unknown, Ended> =>
  Schedule.min([Schedule.exponential(timing.reconnect_first_ms), Schedule.spaced(timing.reconnect_cap_ms)]).pipe(
    Schedule.setInputType<Ended>(),
    Schedule.modifyDelay(({ duration, input }) => {
      const whole = input.refused ? timing.reconnect_cap_ms : Duration.toMillis(duration)
      return Effect.map(Random.nextBetween(whole / 2, whole), (drawn) => Math.max(Math.round(drawn), input.cooldown_ms))
    })
  )

/**
 * Connects again and again for ever, paced by the schedule. It begins anew after each connection that was identified,
 * unless two in a row were closed for a frame that is too large.
 */
export const connectForever = <R>(
  connectOnce: Effect.Effect<Ended, never, R>,
  schedule: Schedule.Schedule<unknown, Ended>
): Effect.Effect<never, never, R> =>
  Effect.gen(function*() {
    let wait = yield* Schedule.toStepWithSleep(schedule)
    let tooLarge = false
    while (true) {
      const ended = yield* connectOnce
      const again = tooLarge && ended.too_large
      tooLarge = ended.too_large
      if (ended.identified && !again) wait = yield* Schedule.toStepWithSleep(schedule)
      yield* Effect.orDie(wait(ended))
    }
  })
