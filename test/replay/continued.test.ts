import { describe, expect, it } from "@effect/vitest"
import * as Struct from "effect/Struct"
import type { SidecarState } from "../../src/domain/SidecarState.ts"
import type { Entry } from "../../src/replay/format.ts"
import { playRecorded } from "../simulation/recording.ts"
import { differencesIn, entryIn, notesIn, recordingOf, replayedText, replayedTexts, summaryOf } from "./support.ts"

const entriesIn = (text: string): ReadonlyArray<Entry> => text.trimEnd().split("\n").map(entryIn)

/** The state before each line, as the recorder of the first life knew it. */
const statesIn = (text: string): ReadonlyArray<SidecarState | null> => {
  const afterSteps: Array<SidecarState> = []
  replayedText(text, { observe: (event) => void (event._tag === "Stepped" && afterSteps.push(event.step.after)) })
  let steps = 0
  return entriesIn(text).map((entry) => {
    const state = afterSteps[steps - 1] ?? null
    if (entry.dir === "step") steps++
    return entry.dir === "header" ? null : state
  })
}

/** The rest of a recording from each line that can begin a file, for an older file that is gone. */
const rests = (text: string) => {
  const entries = entriesIn(text)
  const states = statesIn(text)
  const [header] = entries
  if (header?.dir !== "header") throw new Error("no header")
  return entries.flatMap((entry, index) => {
    const state = states[index] ?? null
    if (state === null) return []
    const msg = { ...header.msg, continues: true, state: Struct.omit(state, ["policy"]) }
    const continuing: Entry = { t: entry.t, dir: "header", msg }
    return [{
      line: index + 1,
      before: recordingOf(entries.slice(0, index)),
      rest: recordingOf([continuing, ...entries.slice(index)])
    }]
  })
}

describe("a recording of which the older file is gone", () => {
  const seeds = [1, 2, 5, 8, 9, 10, 12, 14, 32, 37, 40, 52]
  it.each(seeds)("replays without a difference from every third of its lines on: seed %i", (seed) => {
    for (const { line, rest } of rests(playRecorded({ seed }).text)) {
      if (line % 3 !== seed % 3) continue
      const events = replayedText(rest)
      expect(differencesIn(events), `from line ${line} on`).toEqual([])
      expect(summaryOf(events).lives, `from line ${line} on`).toBeGreaterThan(0)
    }
  })

  it("is compared from its first step on", () => {
    const text = playRecorded({ seed: 2 }).text
    const found = rests(text).findLast(({ rest }) => /"dir":"step".*"commands":\["/.test(rest))
    const otherwise = found?.rest.replace(/"commands":\["[^"]*"/, "\"commands\":[\"DoNothing\"") ?? ""
    expect(summaryOf(replayedText(otherwise)).differs).toBe(true)
  })

  it("is left out, with a note, until its state is known", () => {
    const entries = entriesIn(playRecorded({ seed: 2 }).text)
    const [header, , , ...rest] = entries
    if (header?.dir !== "header") throw new Error("no header")
    const stateless: Entry = { ...header, msg: { ...header.msg, continues: true } }
    const events = replayedText(recordingOf([stateless, ...rest]))
    expect(notesIn(events)[0]).toBe(
      "1: the recording begins in the middle of a life: it is replayed from where its state is told"
    )
    expect(differencesIn(events)).toEqual([])
  })

  it("goes on in the next file as it did where the one before is there", () => {
    for (const { before, line, rest } of rests(playRecorded({ seed: 5 }).text).filter((_, index) => index % 7 === 0)) {
      const events = replayedTexts([before, rest])
      expect(differencesIn(events), `divided before line ${line}`).toEqual([])
    }
  })
})
