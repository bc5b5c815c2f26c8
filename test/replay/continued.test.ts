import { describe, expect, it } from "@effect/vitest"
import { playRecorded } from "../simulation/recording.ts"
import { differencesIn, notesIn, replayedText, replayedTexts, summaryOf } from "./support.ts"

const linesOf = (text: string): ReadonlyArray<string> => text.split("\n").slice(0, -1)

const hasState = (line: string): boolean => line.includes("\"type\":\"continued\"")

/** The header of the file, as that of one that goes on at the line. */
const continuing = (header: string, line: string): string => {
  const { t }: { readonly t: number } = JSON.parse(line)
  return header.replace(/"t":[\d.]+/, `"t":${t}`).replace(
    "\"continues\":false",
    "\"continues\":true,\"tells_state\":true"
  )
}

/** What is left of a recording from each of its lines on, where an older file is gone. */
const rests = (lines: ReadonlyArray<string>): ReadonlyArray<{ readonly line: number; readonly text: string }> => {
  const [header = ""] = lines
  return lines.slice(1).map((line, index) => ({
    line: index + 2,
    text: `${[continuing(header, line), ...lines.slice(index + 1)].join("\n")}\n`
  }))
}

describe("a recording of which the older file is gone", () => {
  // In the last four a slow disk keeps steps waiting, frames unheard, and looks at the agent unanswered.
  const seeds = [1, 2, 5, 8, 9, 10, 12, 14, 32, 37, 40, 52]
  it.each(seeds)("replays without a difference from each of its lines on: seed %i", { timeout: 120_000 }, (seed) => {
    const lines = linesOf(playRecorded({ seed }, true).text)
    const begun = new Set<number>()
    for (const { line, text } of rests(lines)) {
      const events = replayedText(text)
      expect(differencesIn(events), `from line ${line} on`).toEqual([])
      if (lines.slice(line - 1).some(hasState)) begun.add(summaryOf(events).lives)
    }
    expect(begun.has(0)).toBe(false)
  })

  it("is not followed before its state is told, and then compared", () => {
    const lines = linesOf(playRecorded({ seed: 2 }, true).text)
    const rest = rests(lines).find(({ line }) => !hasState(lines[line - 1] ?? ""))
    const text = rest?.text ?? ""
    expect(notesIn(replayedText(text))[0]).toBe(
      "1: the recording begins in the middle of a life: it is replayed from where its state is told"
    )
    const [stateAt = 0] = linesOf(text).flatMap((line, index) => hasState(line) ? [index] : [])
    const differs = (at: (index: number) => boolean) =>
      summaryOf(replayedText(
        linesOf(text).map((line, index) =>
          at(index) ? line.replace(/"description":"[^"]*"/, "\"description\":\"otherwise\"") : line
        ).join("\n")
      )).differs
    const isOut = (index: number) => /"dir":"out".*"description"/.test(linesOf(text)[index] ?? "")
    expect(differs((index) => index < stateAt && isOut(index))).toBe(false)
    expect(differs((index) => index > stateAt && isOut(index))).toBe(true)
  })

  it("goes on in the next file as it did where the one before is there", () => {
    const lines = linesOf(playRecorded({ seed: 5 }, true).text)
    for (const { line, text } of rests(lines).filter((_, index) => index % 7 === 0)) {
      const events = replayedTexts([`${lines.slice(0, line - 1).join("\n")}\n`, text])
      expect(differencesIn(events), `divided before line ${line}`).toEqual([])
    }
  })
})
