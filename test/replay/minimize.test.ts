import { describe, expect, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import { beginsLife } from "../../src/replay/engine/kinds.ts"
import type { Line } from "../../src/replay/engine/Window.ts"
import { lineOf } from "../../src/replay/format.ts"
import { firstDifference } from "../../src/replay/minimize/difference.ts"
import { limits } from "../../src/replay/minimize/limits.ts"
import { minimized } from "../../src/replay/minimize/minimized.ts"
import { reduced } from "../../src/replay/minimize/reduced.ts"
import { defaultOptions } from "../../src/replay/Replay.ts"
import { differencesIn, linesIn, replayedText } from "./support.ts"

const session = (name: string): ReadonlyArray<string> =>
  readFileSync(`test/fixtures/sessions/${name}.jsonl`, "utf8").trimEnd().split("\n")

const linesOf = (lines: ReadonlyArray<string>) => linesIn(`${lines.join("\n")}\n`)
const minimize = (lines: ReadonlyArray<Line>) => minimized(lines, runSidecar, defaultOptions)

/** The session with one line changed: the last that holds the text. */
const changed = (name: string, holding: string, change: (line: string) => string): ReadonlyArray<string> => {
  const lines = session(name)
  const last = lines.findLastIndex((line) => line.includes(holding))
  return lines.map((line, index) => index === last ? change(line) : line)
}

const otherReport = (line: string) => line.replace("\"generation\":1", "\"generation\":9")

describe("the shortest recording that still differs", () => {
  it.effect("keeps what the difference needs: its life, its task, the steps before it", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(changed("three-tasks", "\"type\":\"task_complete\"", otherReport))
      const found = yield* minimize(lines)
      if (found === null) throw new Error("it does not differ")
      expect(found.isCutShort).toBe(false)
      expect(found.difference.kind).toMatch(/^frame changed task_complete task-[0-9a-f]+ generation$/)
      expect(found.lines.length).toBeLessThan(lines.length / 4)
      const text = found.lines.map(({ entry }) => lineOf(entry)).join("")
      const [first] = differencesIn(replayedText(text))
      expect(first).toMatchObject({ kind: "frame", verdict: "changed", fields: ["generation"] })
      // None can be spared.
      for (const left of found.lines.slice(1)) {
        const fewer = found.lines.filter((line) => line !== left)
        const difference = firstDifference(fewer, runSidecar, defaultOptions)
        expect([difference?.kind, difference?.t]).not.toEqual([found.difference.kind, found.difference.t])
      }
    }))

  it.effect("begins as a recording does, and is of lines as they were, in their order", () =>
    Effect.gen(function*() {
      const before = changed("crash-at-work", "\"type\":\"task_complete\"", (line) =>
        line.replace("\"done\"", "\"other\""))
      const lines = yield* linesOf(before)
      const found = yield* minimize(lines)
      const texts = (found?.lines ?? []).map(({ entry }) =>
        lineOf(entry).trimEnd()
      )
      expect(texts[0]).toContain("\"dir\":\"header\"")
      let from = -1
      for (const text of texts) {
        from = before.indexOf(text, from + 1)
        expect(from).toBeGreaterThanOrEqual(0)
      }
      expect(found?.lines.filter(({ entry }) => beginsLife(entry)).length).toBeLessThan(4)
    }))

  it.effect("is none where nothing differs", () =>
    Effect.gen(function*() {
      expect(yield* minimize(yield* linesOf(session("drop")))).toBe(null)
    }))

  it.effect("is what was found so far where the search takes too long", () =>
    Effect.gen(function*() {
      const lines = yield* linesOf(changed("three-tasks", "\"type\":\"task_complete\"", otherReport))
      let now = 0
      const clock = yield* Clock.Clock
      const fast: Clock.Clock = { ...clock, currentTimeMillis: Effect.sync(() => now += limits.longest_ms / 8) }
      const found = yield* Effect.provideService(minimize(lines), Clock.Clock, fast)
      expect(found).toMatchObject({ isCutShort: true })
      expect(found?.tries).toBeLessThan(10)
      expect(firstDifference(found?.lines ?? [], runSidecar, defaultOptions)).toMatchObject(found?.difference ?? {})
    }))

  it.effect("is found in few tries", () =>
    Effect.gen(function*() {
      let tries = 0
      const needed = [3, 500, 997]
      const passes = (left: ReadonlyArray<number>) =>
        Effect.sync(() => {
          tries++
          return needed.every((one) => left.includes(one))
        })
      expect(yield* reduced(Array.from({ length: 1_000 }, (_, index) => index), passes)).toEqual(needed)
      expect(tries).toBeLessThan(150)
    }))
})
