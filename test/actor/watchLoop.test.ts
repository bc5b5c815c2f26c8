import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loop_stall_ms, watchLoop } from "../../src/actor/background.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { loggerMemory } from "../../src/layers/Loggers.ts"
import { until } from "../layers/support.ts"

const standStill = (ms: number) =>
  Effect.sync(() => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms))

it.live("an event loop that stands still after something was seen is told of once, with for how long", () => {
  const events: Array<LifecycleEvent> = []
  return Effect.gen(function*() {
    const observe = yield* watchLoop
    yield* observe({ _tag: "FrameOut", text: "{}" })
    yield* Effect.yieldNow
    for (const sight of [{ _tag: "FrameIn", text: "{}" }, { _tag: "FrameOut", text: "{}" }] as const) {
      yield* observe(sight)
    }
    yield* standStill(loop_stall_ms + 500)
    yield* until("it is told", () => events.length > 0)
    expect(events).toEqual([{ event: "loop_stalled", ms: expect.any(Number) }])
    const [told] = events
    expect(told?.event === "loop_stalled" ? told.ms : 0).toBeGreaterThan(loop_stall_ms)
  }).pipe(Effect.scoped, Effect.provide(loggerMemory(events)))
})
