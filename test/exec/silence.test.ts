import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { TestClock } from "effect/testing"
import { watchSilence } from "../../src/exec/silence.ts"

const minute_ms = 60_000

describe("a program that prints nothing", () => {
  it.effect("is told of each ten minutes, and is silent for too long at the limit", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const silence = watchSilence(25 * minute_ms, (what) => told.push(what))
      const watching = yield* Effect.forkChild(silence.tooLong)
      yield* TestClock.adjust(24 * minute_ms)
      assert.isUndefined(watching.pollUnsafe())
      assert.deepStrictEqual(told.map((what) => what.split(":", 1)[0]), ["no word for 10 min", "no word for 20 min"])
      yield* TestClock.adjust(minute_ms)
      yield* Fiber.join(watching)
    }))

  it.effect("begins anew with each word", () =>
    Effect.gen(function*() {
      const told: Array<string> = []
      const silence = watchSilence(15 * minute_ms, (what) => told.push(what))
      const watching = yield* Effect.forkChild(silence.tooLong)
      for (let n = 0; n < 10; n += 1) {
        yield* TestClock.adjust(9 * minute_ms)
        silence.heard()
      }
      assert.deepStrictEqual(told, [])
      yield* TestClock.adjust(15 * minute_ms)
      yield* Fiber.join(watching)
    }))

  it.effect("may be silent for ever without a limit", () =>
    Effect.gen(function*() {
      const watching = yield* Effect.forkChild(watchSilence(Infinity, () => {}).tooLong)
      yield* TestClock.adjust("2 days")
      assert.isUndefined(watching.pollUnsafe())
      yield* Fiber.interrupt(watching)
    }))
})
