import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"

const step_ms = 100

/** Runs what reads and writes real files and waits in virtual time: that passes while it does so. */
export const hurried = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect)
    while (fiber.pollUnsafe() === undefined) {
      yield* TestClock.adjust(step_ms)
      yield* Effect.promise(() => new Promise((done) => setImmediate(done)))
    }
    return yield* Fiber.join(fiber)
  })
