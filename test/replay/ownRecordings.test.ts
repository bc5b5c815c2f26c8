import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import type { Entry, StepEntry } from "../../src/replay/format.ts"
import type { ReplayEvent } from "../../src/replay/ReplayEvent.ts"
import {
  differencesIn,
  entryIn,
  framesOut,
  notesIn,
  recordingOf,
  replayedText,
  replayedTexts,
  summaryOf
} from "./support.ts"

const sessionIn = (name: string): ReadonlyArray<Entry> =>
  readFileSync(`test/fixtures/sessions/${name}.jsonl`, "utf8").trimEnd().split("\n").map(entryIn)

const session = sessionIn("happy")
const replayed = (entries: ReadonlyArray<Entry>): ReadonlyArray<ReplayEvent> => replayedText(recordingOf(entries))

const inShort = (event: ReplayEvent): string => {
  switch (event.kind) {
    case "frame":
      return event.dir === "out" ? `${event.verdict} frame ${String(event.msg["type"])}` : ""
    case "wake":
      return `${event.verdict} wake`
    case "action":
      return `${event.verdict} ${event.action}`
    case "decision":
      return `${event.verdict} decision`
    default:
      return event.kind
  }
}

const differences = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  differencesIn(replayed(entries)).map(inShort)

const isOn = (tag: string) => (entry: Entry): entry is StepEntry => entry.dir === "step" && entry.msg._tag === tag

/** The session with the step on a message of that tag changed. */
const changing = (tag: string, change: (step: StepEntry) => Partial<StepEntry>): ReadonlyArray<Entry> => {
  const isMeant = isOn(tag)
  expect(session.some(isMeant)).toBe(true)
  return session.map((entry) => isMeant(entry) ? { ...entry, ...change(entry) } : entry)
}

const telling = (tag: string, told: (told: NonNullable<StepEntry["told"]>) => object) =>
  changing(tag, (step) => ({ told: step.told && { ...step.told, ...told(step.told) } }))

const isFrame = (type: string) => (entry: Entry): boolean => entry.dir === "out" && entry.msg["type"] === type

const task_id = "task-0123456789abcdef"

describe("a recording of the sidecar's own", () => {
  it("replays without a difference, with each message at its recorded time", () => {
    const events = replayed(session)
    expect(differencesIn(events)).toEqual([])
    expect(framesOut(events)).toEqual([
      "= identify idle",
      "= task_accepted",
      "= wake_result success",
      "= task_complete"
    ])
    const facts = events.flatMap((event) => event.kind === "fact" ? [[event.fact._tag, event.t]] : [])
    const steps = session.flatMap((entry) => entry.dir === "step" ? [[entry.msg._tag, entry.t]] : [])
    expect(steps).toEqual(expect.arrayContaining(facts))
    expect(facts.length).toBeGreaterThan(5)
    expect(summaryOf(events)).toMatchObject({ lives: 1, wakes: [{ wakes: 1 }], differs: false })
  })

  it.each<readonly [what: string, entries: ReadonlyArray<Entry>, differences: ReadonlyArray<string>]>([
    [
      "another command",
      telling("Connected", () => ({ commands: ["Identify working"] })),
      ["ours decision", "recorded decision"]
    ],
    [
      "a command less",
      telling("AgentInspected", ({ commands }) => ({
        commands: commands.filter((brief) => !brief.startsWith("WakeAgent"))
      })),
      ["ours wake", "ours decision", "recorded decision"]
    ],
    [
      "another state",
      telling("TaskAssigned", () => ({ state: "down, unknown, Idle" })),
      ["ours decision", "recorded decision"]
    ],
    [
      "that something was not saved which this version does not save",
      changing("Identified", () => ({ saved: false })),
      ["ours decision", "recorded decision"]
    ],
    [
      "a frame that this version does not send",
      session.flatMap((entry) =>
        isFrame("task_complete")(entry) && entry.dir === "out"
          ? [entry, { ...entry, msg: { type: "task_progress", task_id } }]
          : [entry]
      ),
      ["recorded frame task_progress"]
    ]
  ])("differs where it shows %s", (_, entries, expected) => {
    expect(differences(entries)).toEqual(expected)
  })

  it("differs after a step that it lacks, as this version does not come to what follows", () => {
    expect(differences(session.filter((entry) => !isOn("AgentInspected")(entry)))).toContain("recorded decision")
  })

  it("takes no frame for a difference that a step leads to and that found no connection", () => {
    expect(differences(session.filter((entry) => !isFrame("wake_result")(entry)))).toEqual([])
  })

  it("names the fields in which a frame differs", () => {
    const changed = session.map((entry) =>
      isFrame("task_complete")(entry) && entry.dir === "out"
        ? { ...entry, msg: { ...entry.msg, generation: 2, extra: [1] } }
        : entry
    )
    expect(framesOut(replayed(changed)).at(-1)).toBe("! task_complete generation,extra")
    const ignoring = (...fields: ReadonlyArray<string>) =>
      summaryOf(replayedText(recordingOf(changed), { expectation: new Set(fields) })).differs
    expect(ignoring("generation")).toBe(true)
    expect(ignoring("generation", "extra")).toBe(false)
    expect(summaryOf(replayedText(recordingOf(changed), { expectation: null })).differs).toBe(false)
  })

  it("ends a life where the next begins, and takes what is missing between them for no difference", () => {
    const from = session.findIndex(isOn("AgentStarted"))
    const events = replayed([...session.slice(0, from + 1), ...session])
    expect(differencesIn(events)).toEqual([])
    expect(summaryOf(events)).toMatchObject({ lives: 2, wakes: [{ wakes: 2 }] })
    expect(events.filter(({ kind }) => kind === "life").map((event) => "phase" in event && event.phase)).toEqual([
      "begins",
      "ends",
      "begins",
      "ends"
    ])
  })

  it("fails to save where it tells of that, and only there", () => {
    const events = replayed(sessionIn("disk"))
    expect(differencesIn(events)).toEqual([])
    const disks = events.flatMap((event) => event.kind === "state" ? [event.after.disk] : [])
    expect(new Set(disks)).toEqual(new Set(["ok", "failing"]))
    expect(differences(sessionIn("disk").filter((entry) => !isOn("SaveFailed")(entry)))).toContain("recorded decision")
  })

  it("notes that the clock was set, and that lines are missing", () => {
    const { t = 0 } = session.at(-1) ?? {}
    const events = replayed([
      ...session,
      { t, dir: "local", msg: { _tag: "ClockJumped", by_ms: 3_600_000 } },
      { t, dir: "local", msg: { _tag: "LinesLost", count: 3 } }
    ])
    expect(differencesIn(events)).toEqual([])
    expect(notesIn(events)).toEqual([
      `${session.length + 1}: the clock was set by 3600000 ms`,
      `${session.length + 2}: 3 lines are missing here: the recording could not be written`
    ])
  })

  it("ends with the exit code of a drain", () => {
    const events = replayed(sessionIn("drain"))
    expect(differencesIn(events)).toEqual([])
    expect(events.flatMap((event) => event.kind === "life" && event.phase === "ends" ? [event.exit_code] : [])[0])
      .toBe(0)
  })

  it("goes on in the next file, and begins anew with another agent's", () => {
    const half = session.findIndex(isOn("AgentStarted"))
    const text = recordingOf(session)
    const other = text.replaceAll("\"tester\"", "\"other\"")
    expect(other).not.toBe(text)
    const events = replayedTexts([recordingOf(session.slice(0, half)), other])
    expect(summaryOf(events)).toMatchObject({ lives: 2, differs: false, wakes: [{ wakes: 2 }] })
  })

  it("tells of a step that cannot be taken, and goes on with the next life", () => {
    const broken = changing("TaskAssigned", (step) => ({
      msg: { _tag: "TaskAcknowledged", task_id, status: "accepted" },
      told: step.told
    }))
    expect(differencesIn(replayed([...broken, ...session])).length).toBeGreaterThan(0)
    expect(summaryOf(replayed([...broken, ...session])).lives).toBe(2)
  })
})
