import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { Logger } from "../../services/Logger.ts"

/** What the log may hold of equal events. */
export const repeatLimits = {
  hub_text_chars: 200, // of a text that came from the hub
  repeats_shown: 20, // equal events in a window
  repeats_window_ms: 60_000,
  repeats_known: 256 // different events at a time
} as const

/** Others decide how often these come and what they say. So they count as equal whatever they say. */
const hubEvents: ReadonlySet<LifecycleEvent["event"]> = new Set([
  "frame_undecodable",
  "frame_ignored",
  "frame_refused",
  "hub_error",
  "rate_limited",
  "task_refused",
  "task_cancelled",
  "messages_received",
  "messages_unrecorded",
  "messages_held_back",
  "message_refused",
  "message_unsent",
  "replies_unclear"
])

const isHubEvent = (event: LifecycleEvent): boolean =>
  hubEvents.has(event.event) || event.event === "task_received" && event.again

/** Equal events have the same key. Many messages that are kept hide none that is delivered. */
const keyOf = (event: LifecycleEvent): string => {
  if (event.event === "messages_received") return `${event.event} ${event.outcome}`
  return isHubEvent(event) ? event.event : JSON.stringify(event)
}

const shortened = (value: unknown): unknown =>
  typeof value === "string" && value.length > repeatLimits.hub_text_chars
    ? `${value.slice(0, repeatLimits.hub_text_chars)}…`
    : value

/** The event as it is logged: the hub's text is cut. */
const logged = <E extends LifecycleEvent>(event: E): E =>
  isHubEvent(event)
    ? { ...event, ...Object.fromEntries(Object.entries(event).map(([key, value]) => [key, shortened(value)])) }
    : event

/** The count of equal events: how many may still be logged, and how many were left out since the last report. */
interface Tally {
  readonly of: LifecycleEvent["event"]
  readonly since: number
  allowed: number
  left_out: number
  isFlood: boolean
}

/**
 * A log that limits repeats. Of equal events it passes `repeats_shown` in `repeats_window_ms`, then one in each window with the
 * number of those left out, until a window has none. So nobody who sends us frames can fill the log and rotate away its
 * older lines.
 */
export const countRepeats = Effect.fnUntraced(function*(log: Logger["Service"]["log"]) {
  const scope = yield* Effect.scope
  const tallies = new Map<string, Tally>()

  const report = (tally: Tally) => {
    const { left_out: count, of } = tally
    tally.left_out = 0
    return count === 0 ? Effect.void : log({ event: "events_left_out", of, count })
  }
  const watchFlood = Effect.fnUntraced(function*(key: string, tally: Tally) {
    while (tally.left_out > 0) {
      yield* report(tally)
      tally.allowed = 1
      yield* Effect.sleep(repeatLimits.repeats_window_ms)
    }
    tallies.delete(key)
  })

  const tallyOf = (key: string, event: LifecycleEvent, now: number): Tally => {
    const known = tallies.get(key)
    if (known !== undefined && (known.isFlood || now - known.since < repeatLimits.repeats_window_ms)) return known
    tallies.delete(key)
    const fresh = { of: event.event, since: now, allowed: repeatLimits.repeats_shown, left_out: 0, isFlood: false }
    tallies.set(key, fresh)
    const [oldest] = tallies
    if (tallies.size > repeatLimits.repeats_known && oldest?.[1].isFlood === false) tallies.delete(oldest[0])
    return fresh
  }

  yield* Effect.addFinalizer(() => Effect.forEach(tallies.values(), report, { discard: true }))
  return Effect.fnUntraced(function*(event: LifecycleEvent) {
    const key = keyOf(event)
    const tally = tallyOf(key, event, yield* Clock.currentTimeMillis)
    if (tally.allowed > 0) {
      tally.allowed -= 1
      return yield* log(logged(event))
    }
    tally.left_out += 1
    if (tally.isFlood) return
    tally.isFlood = true
    const later = Effect.andThen(Effect.sleep(repeatLimits.repeats_window_ms), watchFlood(key, tally))
    yield* Effect.forkIn(later, scope)
  })
})
