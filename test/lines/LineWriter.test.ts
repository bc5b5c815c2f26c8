import { describe, expect, it } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { lineLimits } from "../../src/text/LineWriter.ts"
import { lastWords, LinesUnwritten, makeLineWriter } from "../../src/text/LineWriter.ts"

/** A writer, and what it writes and reports. Each write waits for `gate`, and fails if that fails. */
const rig = Effect.fnUntraced(function*() {
  const seen = { writes: new Array<string>(), now: new Array<string>(), told: new Array<string>() }
  let gate: Effect.Effect<void, LinesUnwritten> = Effect.void
  const push = yield* makeLineWriter({
    write: (lines) => Effect.tap(Effect.suspend(() => gate), () => Effect.sync(() => seen.writes.push(lines))),
    writeNow: (lines) => void seen.now.push(lines)
  }, {
    stopped: (reason) => seen.told.push(reason),
    worksAgain: (lost) => seen.told.push(`${lost} lost`)
  })
  return { ...seen, push, setGate: (next: typeof gate) => void (gate = next) }
})

const settle = Effect.repeat(Effect.andThen(TestClock.adjust(1), Effect.yieldNow), { times: 30 })

describe("a writer of lines", () => {
  it.effect("writes them in their order, as many at once as wait", () =>
    Effect.gen(function*() {
      const { push, setGate, writes } = yield* rig()
      const opened = yield* Deferred.make<void>()
      setGate(Deferred.await(opened))
      push("a\n")
      yield* settle
      for (const line of ["b\n", "c\n"]) push(line)
      yield* Deferred.succeed(opened, undefined)
      yield* settle
      expect(writes).toEqual(["a\n", "b\nc\n"])
    }))

  it.effect("writes no more at once than a batch, but a line that is longer", () =>
    Effect.gen(function*() {
      const { push, writes } = yield* rig()
      const half = `${"x".repeat(lineLimits.batch_chars / 2)}\n`
      for (const line of [half, half, half + half]) push(line)
      yield* settle
      expect(writes).toEqual([half, half, half + half])
    }))

  it.effect("keeps no more than its queue while nothing is taken, and tells how many are missing when it writes again", () =>
    Effect.gen(function*() {
      const { push, setGate, told, writes } = yield* rig()
      const opened = yield* Deferred.make<void>()
      setGate(Deferred.await(opened))
      const line = `${"x".repeat(1_023)}\n`
      for (let n = 0; n < 2_000; n++) push(line)
      yield* settle
      expect(told).toEqual(["nothing has been taken for too long"])
      yield* Deferred.succeed(opened, undefined)
      yield* settle
      expect(writes.join("").length).toBe(lineLimits.queue_chars)
      expect(told.slice(1)).toEqual([`${2_000 - lineLimits.queue_chars / line.length} lost`])
    }))

  it.effect("counts what could not be written, says why once, and tries each line that comes", () =>
    Effect.gen(function*() {
      const { push, setGate, told, writes } = yield* rig()
      setGate(Effect.fail(new LinesUnwritten({ reason: "the disk is full" })))
      for (const line of ["a\n", "b\n"]) {
        push(line)
        yield* settle
      }
      setGate(Effect.void)
      push("c\n")
      yield* settle
      expect(writes).toEqual(["c\n"])
      expect(told).toEqual(["the disk is full", "2 lost"])
    }))

  it.effect("writes what is left before its scope ends, and no longer than it may take", () =>
    Effect.gen(function*() {
      const writes = yield* Effect.scoped(Effect.tap(rig(), ({ push }) => Effect.sync(() => push("a\n"))))
      expect(writes.writes).toEqual(["a\n"])
      const fiber = yield* Effect.forkChild(Effect.scoped(Effect.tap(rig(), ({ push, setGate }) =>
        Effect.sync(() => {
          setGate(Effect.never)
          push("b\n")
        }))))
      yield* settle
      yield* TestClock.adjust(lineLimits.drain_ms)
      expect(fiber.pollUnsafe()).toBeDefined()
    }))

  it.effect("writes at a forced end what is left, what is being written included, and nothing where nothing is", () =>
    Effect.gen(function*() {
      const { now, push, setGate } = yield* rig()
      lastWords()
      expect(now).toEqual([])
      const opened = yield* Deferred.make<void>()
      setGate(Deferred.await(opened))
      for (const line of ["a\n", "b\n"]) {
        push(line)
        yield* settle
      }
      lastWords()
      expect(now).toEqual(["a\nb\n"])
      yield* Deferred.succeed(opened, undefined)
    }))
})
