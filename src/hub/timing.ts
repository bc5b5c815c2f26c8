import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Schedule from "effect/Schedule"

const max_cooldown_ms = 600_000

/** The waits of the connection, in milliseconds. */
export const hubTiming = {
  reconnect_first_ms: 1_000,
  reconnect_cap_ms: 60_000,
  open_timeout_ms: 10_000,
  identify_timeout_ms: 15_000,
  ping_interval_ms: 30_000,
  pong_timeout_ms: 10_000,
  close_timeout_ms: 500,
  lookup_timeout_ms: 10_000, // of an answer by HTTP, and the longest silence within a long one
  reading_ms: 120_000 // of a long answer; what has come by then is used
}

export type Timing = Readonly<typeof hubTiming>

/** Tests replace the waits. */
export const HubTiming: Context.Reference<Timing> = Context.Reference<Timing>("agentcom-sidecar/HubTiming", {
  defaultValue: () => hubTiming
})

/** What the end of a connection means for the next one. */
export interface Ended {
  /** The connection was good: the schedule starts again. */
  readonly identified: boolean
  /** The hub refused us: the next attempt waits as long as at the end of the schedule. */
  readonly refused: boolean
  /** Closed because of a frame that is too large (1009), by us or by the hub: the next connection may end in the same way. */
  readonly too_large: boolean
  /** The wait that the hub asked for, in milliseconds. */
  readonly cooldown_ms: number
}

/** The wait in milliseconds that a close frame of the hub asks for; 0 if none. */
export const cooldownOf = (code: number, reason: string): number => {
  const seconds = code === 1008 ? /^cooldown active: retry in (\d+)s/.exec(reason)?.[1] : undefined
  return Math.min(max_cooldown_ms, Number(seconds ?? 0) * 1_000)
}

/** 1, 2, 4 … 60, 60 … seconds, each drawn between half and the whole of it, and never shorter than the hub's cooldown. */
export const reconnectSchedule = (timing: Timing): Schedule.Schedule<unknown, Ended> =>
  Schedule.min([Schedule.exponential(timing.reconnect_first_ms), Schedule.spaced(timing.reconnect_cap_ms)]).pipe(
    Schedule.setInputType<Ended>(),
    Schedule.modifyDelay(({ duration, input }) => {
      const whole = input.refused ? timing.reconnect_cap_ms : Duration.toMillis(duration)
      return Effect.map(Random.nextBetween(whole / 2, whole), (drawn) => Math.max(Math.round(drawn), input.cooldown_ms))
    })
  )

/**
 * Connects again and again, paced by the schedule. The schedule starts again after each connection that was identified,
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
