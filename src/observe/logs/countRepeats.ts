import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { Logger } from "../../services/Logger.ts"
import { loggerLimits } from "./limits.ts"

/** What the hub alone decides how often to cause, and what to say in: these are alike whatever they say. */
const ofTheHub: ReadonlySet<LifecycleEvent["event"]> = new Set([
  "frame_undecodable",
  "frame_ignored",
  "frame_refused",
  "hub_error",
  "rate_limited",
  "task_refused",
  "task_cancelled"
])

const isOfTheHub = (event: LifecycleEvent): boolean =>
  ofTheHub.has(event.event) || event.event === "task_received" && event.again

/** What two events have in common that count as equal. */
const keyOf = (event: LifecycleEvent): string => isOfTheHub(event) ? event.event : JSON.stringify(event)

const brief = (value: unknown): unknown =>
  typeof value === "string" && value.length > loggerLimits.hub_text_chars
    ? `${value.slice(0, loggerLimits.hub_text_chars)}…`
    : value

/** The event as it is logged: with no more of the hub's words than tell what it is. */
const briefly = <E extends LifecycleEvent>(event: E): E =>
  isOfTheHub(event)
    ? { ...event, ...Object.fromEntries(Object.entries(event).map(([key, value]) => [key, brief(value)])) }
    : event

/** Of events that are equal: since when, how many may still be logged, and how many were not, of which nobody was told. */
interface Tally {
  readonly of: LifecycleEvent["event"]
  readonly since: number
  allowed: number
  left_out: number
  isFlood: boolean
}

/**
 * A log that counts what repeats itself: of equal events it passes `repeats_shown` in `repeats_window_ms`, and then one in each,
 * with the number of those it has left out, until there is a window without any. So nobody who sends us
 * something can fill the log, and rotate away what it held.
 */
export const countRepeats = Effect.fnUntraced(function*(log: Logger["Service"]["log"]) {
  const scope = yield* Effect.scope
  const tallies = new Map<string, Tally>()

  const tellOf = (tally: Tally) => {
    const { left_out: count, of } = tally
    tally.left_out = 0
    return count === 0 ? Effect.void : log({ event: "events_left_out", of, count })
  }
  const watchFlood = Effect.fnUntraced(function*(key: string, tally: Tally) {
    while (tally.left_out > 0) {
      yield* tellOf(tally)
      tally.allowed = 1
      yield* Effect.sleep(loggerLimits.repeats_window_ms)
    }
    tallies.delete(key)
  })

  const tallyOf = (key: string, event: LifecycleEvent, now: number): Tally => {
    const known = tallies.get(key)
    if (known !== undefined && (known.isFlood || now - known.since < loggerLimits.repeats_window_ms)) return known
    tallies.delete(key)
    const fresh = { of: event.event, since: now, allowed: loggerLimits.repeats_shown, left_out: 0, isFlood: false }
    tallies.set(key, fresh)
    const [oldest] = tallies
    if (tallies.size > loggerLimits.repeats_known && oldest?.[1].isFlood === false) tallies.delete(oldest[0])
    return fresh
  }

  yield* Effect.addFinalizer(() => Effect.forEach(tallies.values(), tellOf, { discard: true }))
  return Effect.fnUntraced(function*(event: LifecycleEvent) {
    const key = keyOf(event)
    const tally = tallyOf(key, event, yield* Clock.currentTimeMillis)
    if (tally.allowed > 0) {
      tally.allowed -= 1
      return yield* log(briefly(event))
    }
    tally.left_out += 1
    if (tally.isFlood) return
    tally.isFlood = true
    const later = Effect.andThen(Effect.sleep(loggerLimits.repeats_window_ms), watchFlood(key, tally))
    yield* Effect.forkIn(later, scope)
  })
})
