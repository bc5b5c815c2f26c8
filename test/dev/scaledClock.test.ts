import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as ScaledClock from "../../src/dev/ScaledClock.ts"

describe("the scaled clock", () => {
  it.live("lets a minute pass in a fraction of it", () =>
    Effect.gen(function*() {
      const started = performance.now()
      const before = yield* Clock.currentTimeMillis
      yield* Effect.sleep("1 minute")
      expect((yield* Clock.currentTimeMillis) - before).toBeGreaterThanOrEqual(59_999)
      expect(performance.now() - started).toBeLessThan(30_000)
    }).pipe(Effect.provide(ScaledClock.layer(1000))))

  it.live("starts at the present and runs as fast as it is told", () =>
    Effect.gen(function*() {
      const clock = ScaledClock.make(100)
      const [start, now] = [clock.monotonicTimeNanosUnsafe(), clock.currentTimeMillisUnsafe()]
      yield* clock.sleepReal(20)
      expect(clock.monotonicTimeNanosUnsafe() - start).toBeGreaterThanOrEqual(1_900_000_000n)
      expect(clock.currentTimeMillisUnsafe() - now).toBeGreaterThanOrEqual(1900)
    }))

  it.live("can be moved forward, which wakes those whose time has come and no others", () =>
    Effect.gen(function*() {
      const clock = ScaledClock.make(1)
      const soon = yield* Effect.forkChild(clock.sleep(Duration.hours(1)), { startImmediately: true })
      const later = yield* Effect.forkChild(clock.sleep(Duration.hours(3)), { startImmediately: true })
      yield* clock.advance(2 * 3_600_000)
      yield* Fiber.join(soon)
      expect(later.pollUnsafe()).toBeUndefined()
    }))
})
