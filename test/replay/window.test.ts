import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Line, Window } from "../../src/replay/engine/Window.ts"
import { limits } from "../../src/replay/limits.ts"
import { readRecording } from "../../src/replay/read/recording.ts"

const entry = (line: number, bytes: number): Line => ({
  place: { file: "a.jsonl", line },
  bytes,
  entry: { t: line, dir: "in", msg: { type: "pong" } }
})

describe("how far a replay looks ahead", () => {
  it("is not less because of a line that was too long to be kept", () => {
    const window = new Window()
    window.add({ place: { file: "a.jsonl", line: 1 }, bytes: 2 * limits.window_bytes, problem: "too long" })
    window.add(entry(2, 100))
    expect(window.isFull).toBe(false)
    window.take()
    window.add(entry(3, limits.window_bytes))
    expect(window.isFull).toBe(true)
    window.take()
    expect(window.isFull).toBe(false)
  })

  it("knows the end of the last life only when there are no more lines, also where long ones fill it", () => {
    const window = new Window()
    window.add(entry(1, limits.window_bytes))
    window.add(entry(2, limits.window_bytes))
    expect(window.timeOfEnd).toBe(Infinity)
    window.end()
    expect(window.timeOfEnd).toBe(2)
  })
})

describe("a file that is one endless line", () => {
  it.effect("is refused as soon as that is too long for a line", () =>
    Effect.gen(function*() {
      const endless = Stream.forever(Stream.succeed(new Uint8Array(1024 * 1024)))
      const { message } = yield* Effect.flip(Stream.runDrain(readRecording("zero", endless)))
      expect(message).toBe(`zero:1: not a recording: longer than ${limits.line_bytes} bytes`)
    }))
})
