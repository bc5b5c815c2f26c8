import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/testing/TestClock"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import { FileError } from "../../src/storage/files.ts"
import { readAgain } from "../../src/storage/reading.ts"

const path = "/nowhere/queue.json"

/** A read that fails `times` times, when it was tried (ms), and what was logged. */
const failing = (times: number) => {
  const tried: Array<number> = []
  const events: Array<LifecycleEvent> = []
  const read = Effect.gen(function*() {
    tried.push(yield* Clock.currentTimeMillis)
    if (tried.length > times) return "content"
    return yield* new FileError({ path, code: "EMFILE", reason: "EMFILE: too many open files" })
  })
  return { tried, events, reading: readAgain(read, (event) => Effect.sync(() => void events.push(event))) }
}

describe("rule 12: what is there and cannot be read", () => {
  it.effect("is not tried again where it can be read", () =>
    Effect.gen(function*() {
      const { events, reading, tried } = failing(0)
      expect(yield* reading).toBe("content")
      expect(tried).toEqual([0])
      expect(events).toEqual([])
    }))

  it.effect("is tried again every half second, and read as soon as that works; one line tells of it", () =>
    Effect.gen(function*() {
      const { events, reading, tried } = failing(3)
      const fiber = yield* Effect.forkChild(reading)
      yield* TestClock.adjust(1_500)
      expect(yield* Fiber.join(fiber)).toBe("content")
      expect(tried).toEqual([0, 500, 1_000, 1_500])
      expect(events).toEqual([{ event: "file_trouble", path, reason: "EMFILE: too many open files" }])
    }))

  it.effect("is read even at the last moment", () =>
    Effect.gen(function*() {
      const { reading, tried } = failing(20)
      const fiber = yield* Effect.forkChild(reading)
      yield* TestClock.adjust(10_000)
      expect(yield* Fiber.join(fiber)).toBe("content")
      expect(tried.at(-1)).toBe(10_000)
    }))

  it.effect("ends with 74 after ten seconds, in one sentence that says what, why and what to do", () =>
    Effect.gen(function*() {
      const { events, reading, tried } = failing(Number.POSITIVE_INFINITY)
      const fiber = yield* Effect.forkChild(Effect.flip(reading))
      yield* TestClock.adjust(9_999)
      expect(fiber.pollUnsafe()).toBeUndefined()
      yield* TestClock.adjust(1)
      const error = yield* Fiber.join(fiber)
      expect(tried).toHaveLength(21)
      expect(events).toHaveLength(1)
      expect(Runtime.getErrorExitCode(error)).toBe(74)
      expect(error.message).toBe(
        "agentcom-sidecar: /nowhere/queue.json could not be read: EMFILE: too many open files, tried for 10 s; " +
          "nothing was changed and no agent was woken or stopped: make it readable, and the next start goes on from there"
      )
    }))
})
