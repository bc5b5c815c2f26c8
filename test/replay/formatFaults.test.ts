import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { limits } from "../../src/replay/limits.ts"
import {
  differencesIn,
  header,
  linesIn,
  notesIn,
  recordingOf,
  replayedText,
  replayedTexts,
  summaryOf,
  textOfRecording
} from "./support.ts"

const happy = textOfRecording("happy.jsonl")
const lines = happy.trimEnd().split("\n")
const [first = "", second = ""] = lines

const refusal = (text: string): string =>
  Effect.runSync(Effect.match(linesIn(text), { onFailure: ({ message }) => message, onSuccess: () => "taken" }))

const withLine = (line: string): string => [first, second, line, ...lines.slice(2)].join("\n") + "\n"

const notAsRecording: ReadonlyArray<readonly [what: string, text: string, message: string]> = [
  ["nothing", "", "a.jsonl: not a recording: it is empty"],
  ["empty lines only", "\n \n", "a.jsonl: not a recording: it is empty"],
  ["prose", "hello\n", "a.jsonl:1: not a recording: not a line of a recording"],
  ["a log", "{\"ts\":\"2026\",\"event\":\"startup\"}\n", "a.jsonl:1: not a recording: not a line of a recording"],
  ["JSON that is no object", "[1]\n", "a.jsonl:1: not a recording: not a line of a recording"],
  [
    "a line without its end, cut in the middle",
    "{\"t\":1,\"dir\":\"in\",\"ms",
    "a.jsonl:1: not a recording: not a line of a recording"
  ],
  ["UTF-16", "\u0000{\u0000\"", "a.jsonl:1: not a recording: not a line of a recording"],
  [
    "a newer format",
    recordingOf([header]).replace("\"format\":3", "\"format\":4"),
    "a.jsonl:1: not a recording: format 4 is newer than 3, the newest that is read here"
  ],
  [
    "a newer format of which nothing else is understood",
    `${first}\n{"t":2,"dir":"header","msg":{"format":77,"shape":"round"}}\n`,
    "a.jsonl:2: not a recording: format 77 is newer than 3, the newest that is read here"
  ],
  [
    "a header that makes no sense",
    "{\"t\":2,\"dir\":\"header\",\"msg\":{\"format\":1}}\n",
    "a.jsonl:1: not a recording: the header is not as it should be"
  ]
]

const leftOut = "3: this line is left out: "
const not = "not a line of a recording"
const deep = (levels: number) => `{"t":1,"dir":"in","msg":{"type":"x","x":${"[".repeat(levels)}${"]".repeat(levels)}}}`

const leftOutLines: ReadonlyArray<readonly [what: string, line: string, note: string]> = [
  ["prose", "hello", leftOut + not],
  ["no direction", "{\"t\":1,\"msg\":{}}", leftOut + not],
  ["another direction", "{\"t\":1,\"dir\":\"up\",\"msg\":{}}", leftOut + not],
  ["no time", "{\"dir\":\"in\",\"msg\":{}}", leftOut + not],
  ["a time that is none", "{\"t\":1e999,\"dir\":\"in\",\"msg\":{}}", leftOut + not],
  ["a frame that is no object", "{\"t\":1,\"dir\":\"in\",\"msg\":[]}", leftOut + not],
  ["a fact without its type", "{\"t\":1,\"dir\":\"local\",\"msg\":{}}", `${leftOut}a local fact without its type`],
  [
    "a fact that makes no sense",
    "{\"t\":1,\"dir\":\"local\",\"msg\":{\"type\":\"result_found\",\"task_id\":7}}",
    `${leftOut}result_found is not as it should be`
  ],
  ["what is nested too deeply", deep(100_000), `${leftOut}nested deeper than ${limits.line_depth} levels`]
]

const at = JSON.parse(second).t

const odd: ReadonlyArray<readonly [what: string, line: object, note: string]> = [
  [
    "a type of frame that nobody knows",
    { t: at, dir: "in", msg: { type: "from_the_future" } },
    "3: the hub sent from_the_future, a type of frame that this version does not know"
  ],
  [
    "a frame that was no JSON object",
    { t: at, dir: "in", unreadable: "[1,2" },
    "3: the hub sent what is no JSON object: [1,2"
  ],
  [
    "a line from long before",
    { t: at - 7_000, dir: "in", msg: { type: "pong" } },
    "3: this line is 7000 ms earlier than the one before it: the clock was set back"
  ]
]

describe("what is no recording", () => {
  for (const [what, text, message] of notAsRecording) {
    it(`is refused with its line: ${what}`, () => {
      expect(refusal(text)).toBe(message)
    })
  }
})

describe("a line of a recording", () => {
  for (const [what, line, note] of leftOutLines) {
    it(`is left out with a note that names it, and the rest is replayed: ${what}`, () => {
      const events = replayedText(withLine(line))
      expect(notesIn(events)[0]).toBe(note)
      expect(summaryOf(events).frames_out).toEqual(summaryOf(replayedText(happy)).frames_out)
    })
  }

  for (const [what, line, note] of odd) {
    it(`is replayed with a note: ${what}`, () => {
      expect(notesIn(replayedText(withLine(JSON.stringify(line))))[0]).toBe(note)
    })
  }

  it("of facts of a newer version is replayed with a note", () => {
    const fact = { t: at, dir: "local", msg: { type: "moon_risen" } }
    expect(notesIn(replayedText(withLine(JSON.stringify(fact))))).toContain(
      "3: a fact that this version does not know: moon_risen"
    )
  })

  it("is a note where it is the last and torn, and counts where only its end is missing", () => {
    const torn = replayedText(happy.slice(0, -20))
    expect(notesIn(torn)[0]).toBe(`${lines.length}: the last line is torn, and left out`)
    expect(summaryOf(torn).frames_in).toBe(summaryOf(replayedText(happy)).frames_in - 1)
    expect(replayedText(happy.trimEnd())).toEqual(replayedText(happy))
  })

  it("may end as on Windows, after a byte order mark at the beginning of the file, and with empty lines between", () => {
    expect(replayedText(`\uFEFF${happy.replaceAll("\n", "\r\n\r\n")}`).map(({ kind, t }) => [kind, t])).toEqual(
      replayedText(happy).map(({ kind, t }) => [kind, t])
    )
  })

  it("is cut where it is longer than a line may be, and the rest is replayed", () => {
    const splitAt = (limit: number) =>
      new Set(
        Effect.runSync(linesIn(withLine(`{"t":1,"dir":"in","msg":{"type":"x","x":"${"x".repeat(limit)}"}}`)))
          .flatMap((line) => "problem" in line ? [line.problem] : [])
      )
    expect([...splitAt(limits.line_bytes)]).toEqual([`this line is left out: longer than ${limits.line_bytes} bytes`])
    expect([...splitAt(1_000)]).toEqual([])
  })
})

describe("several files", () => {
  it("are one recording in their order", () => {
    const halves = [lines.slice(0, 9), lines.slice(9)].map((half) => half.join("\n"))
    const events = replayedTexts(halves)
    expect(summaryOf(events).frames_out).toEqual(summaryOf(replayedText(happy)).frames_out)
    expect(events.flatMap((event) => event.kind === "file" ? [event.file] : [])).toEqual(["1.jsonl", "2.jsonl"])
  })

  it("of different agents are replayed one after the other, whichever is older", () => {
    const events = replayedTexts([textOfRecording("cancel.jsonl"), happy, textOfRecording("busy.jsonl")])
    expect(summaryOf(events)).toMatchObject({ lives: 3 })
    expect(summaryOf(events).wakes.map(({ wakes }) => wakes)).toEqual([1, 1, 1, 1, 1, 1, 1, 1])
    expect(differencesIn(events).filter((event) => event.kind !== "frame")).toEqual([])
  })

  it("with a year between them take no year: time stands still after a day", () => {
    const year_ms = 365 * 86_400_000
    const later = lines.slice(2).map((line) => JSON.stringify({ ...JSON.parse(line), t: JSON.parse(line).t + year_ms }))
    const events = replayedTexts([lines.slice(0, 5).join("\n"), later.slice(3).join("\n")])
    expect(notesIn(events).some((note) => /nothing for \d+ ms: only 86400000 ms of them are replayed/.test(note))).toBe(
      true
    )
  })
})
