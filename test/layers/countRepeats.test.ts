import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { countRepeats } from "../../src/observe/logs/countRepeats.ts"
import { repeatLimits } from "../../src/observe/logs/countRepeats.ts"

const { hub_text_chars, repeats_known, repeats_shown, repeats_window_ms } = repeatLimits

const rig = Effect.gen(function*() {
  const events: Array<LifecycleEvent> = []
  const log = yield* countRepeats((event) => Effect.sync(() => void events.push(event)))
  return {
    events,
    log,
    times: (count: number, event: LifecycleEvent) => Effect.repeat(log(event), { times: count - 1 })
  }
})

const received = (generation: number, again: boolean): LifecycleEvent => ({
  event: "task_received",
  task_id: "task-1",
  generation,
  again
})

const kept = (n: number): Extract<LifecycleEvent, { readonly event: "messages_received" }> => ({
  event: "messages_received",
  outcome: "kept",
  count: 1,
  message_id: `m${n}`,
  from: `agent-${n}`,
  type: "notify"
})

/** Others may cause each as often as they like, with another text each time. */
const floods: ReadonlyArray<readonly [string, (n: number) => LifecycleEvent]> = [
  ["an error of the hub", (n) => ({ event: "hub_error", error: `e${n}` })],
  ["a frame that is no JSON", (n) => ({ event: "frame_undecodable", reason: "not JSON", excerpt: `${n}` })],
  ["a frame of an unknown type", (n) => ({ event: "frame_ignored", type: `zzz${n}` })],
  ["a frame of ours that is refused", (n) => ({ event: "frame_refused", type: "task_progress", error: `${n}` })],
  ["a rate limit", (n) => ({ event: "rate_limited", retry_after_ms: n })],
  ["a task that cannot be taken", (n) => ({ event: "task_refused", task_id: `task-${n}`, reason: "bad" })],
  ["a task that is cancelled", (n) => ({ event: "task_cancelled", task_id: `task-${n}` })],
  ["the task we hold, again", (n) => received(n, true)],
  ["messages that are kept", kept],
  ["messages that are not recorded", (n) => ({ event: "messages_unrecorded", reason: `${n}` })],
  ["messages of ours that are refused", (n) => ({ event: "message_refused", key: `k${n}`, reason: "bad" })],
  ["messages of ours that are not sent", (n) => ({ event: "message_unsent", reason: `${n}` })],
  ["replies of the agent to nobody", (n) => ({ event: "replies_unclear", batch_id: "batch-1", reason: `${n}` })],
  ["the same trouble with a file", () => ({ event: "file_trouble", path: "results", reason: "EIO" })],
  ["the same end of a connection", () => ({ event: "ws_closed", code: 1006, reason: "" })]
]

describe("a log that counts repeats", () => {
  for (const [name, event] of floods) {
    it.effect(`passes the first of ${name}, then tells how many there were`, () =>
      Effect.gen(function*() {
        const { events, log } = yield* rig
        for (let n = 1; n <= 10_000; n++) yield* log(event(n))
        expect(events).toEqual(Array.from({ length: repeats_shown }, (_, n) => event(n + 1)))
        yield* TestClock.adjust(repeats_window_ms)
        const count = 10_000 - repeats_shown
        expect(events.slice(repeats_shown)).toEqual([{ event: "events_left_out", of: event(0).event, count }])
      }))
  }

  it.effect("passes one a window while it goes on, and all again after a window without any", () =>
    Effect.gen(function*() {
      const { events, times } = yield* rig
      yield* times(repeats_shown + 1, { event: "identified" })
      for (let window = 1; window <= 3; window++) {
        yield* TestClock.adjust(repeats_window_ms)
        events.length = 0
        yield* times(100, { event: "identified" })
        expect(events).toEqual([{ event: "identified" }])
      }
      yield* TestClock.adjust(repeats_window_ms)
      expect(events.slice(1)).toEqual([{ event: "events_left_out", of: "identified", count: 99 }])
      yield* TestClock.adjust(repeats_window_ms)
      events.length = 0
      yield* times(repeats_shown, { event: "identified" })
      expect(events).toHaveLength(repeats_shown)
    }))

  it.effect("passes the messages that are delivered beside a flood of those that are kept", () =>
    Effect.gen(function*() {
      const { events, log } = yield* rig
      for (let n = 1; n <= 1_000; n++) yield* log(kept(n))
      yield* log({ ...kept(1_001), outcome: "waiting" })
      expect(events.at(-1)).toMatchObject({ message_id: "m1001", outcome: "waiting" })
    }))

  it.effect("passes everything that says something else, and what comes slowly", () =>
    Effect.gen(function*() {
      const { events, log } = yield* rig
      for (let n = 1; n <= 1_000; n++) yield* log(received(n, false))
      expect(events).toHaveLength(1_000)
      for (let n = 1; n <= 100; n++) {
        yield* log({ event: "identified" })
        yield* TestClock.adjust(repeats_window_ms / repeats_shown)
      }
      expect(events).toHaveLength(1_100)
    }))

  it.effect("forgets the oldest of many, never a flood of which nobody was told", () =>
    Effect.gen(function*() {
      const { events, log, times } = yield* rig
      yield* times(repeats_shown + 5, { event: "identified" })
      for (let n = 1; n <= 2 * repeats_known; n++) yield* log(received(n, false))
      yield* TestClock.adjust(repeats_window_ms)
      expect(events.at(-1)).toEqual({ event: "events_left_out", of: "identified", count: 5 })
    }))

  it.effect("tells at its end what it has not told", () =>
    Effect.gen(function*() {
      const { events } = yield* Effect.scoped(
        Effect.tap(rig, ({ times }) => times(repeats_shown + 3, { event: "identified" }))
      )
      expect(events.at(-1)).toEqual({ event: "events_left_out", of: "identified", count: 3 })
    }))

  it.effect("cuts what the hub says, and nothing that we say", () =>
    Effect.gen(function*() {
      const { events, log } = yield* rig
      const text = "e".repeat(3_000)
      yield* log({ event: "hub_error", error: text })
      yield* log({ event: "fiber_died", fiber: "hub", reason: text })
      expect(events).toEqual([
        { event: "hub_error", error: `${text.slice(0, hub_text_chars)}…` },
        { event: "fiber_died", fiber: "hub", reason: text }
      ])
    }))
})
