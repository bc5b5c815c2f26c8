import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { linesIn, notesIn, replayedText, replayedTexts, summaryOf } from "./support.ts"

const folder = "test/fixtures/format1"
const names = readdirSync(folder)
const textOf = (name: string): string => readFileSync(join(folder, name), "utf8")

/** The steps in a text. */
const stepsIn = (text: string) =>
  Effect.runSync(linesIn(text)).flatMap((line) =>
    "entry" in line && line.entry.dir === "step" ? [{ on: line.entry.msg._tag, ...line.entry }] : []
  )

const at = (t: number, dir: string, msg: object): string => JSON.stringify({ t, dir, msg })
const header = at(0, "header", {
  format: 1,
  version: "1",
  agent_id: "me",
  platform: "linux",
  continues: false,
  config: {}
})
const restarted = at(1, "local", {
  type: "restarted",
  stored: { version: 1, active: null, recovering: null },
  survivors: []
})
const local = (type: string, fields: object = {}) => at(2, "local", { type, ...fields })
const textOfLines = (...lines: ReadonlyArray<string>) => `${[header, restarted, ...lines].join("\n")}\n`

describe("a recording of format 1", () => {
  it.each(names)("%s is read whole: each message, what came of it, and what the hub had said", (name) => {
    const steps = stepsIn(textOf(name))
    const decided = textOf(name).match(/"type":"decided"/g)?.length ?? 0
    expect(steps.length).toBeGreaterThanOrEqual(decided)
    expect(notesIn(replayedText(textOf(name))).filter((note) => note.includes("left out"))).toEqual([])
  })

  it("may be followed by one of this format in the same file", () => {
    const newer = readFileSync("test/fixtures/sessions/happy.jsonl", "utf8")
    expect(summaryOf(replayedText(textOf("happy.jsonl") + newer)).lives).toBe(2)
    expect(summaryOf(replayedTexts([newer, textOf("happy.jsonl")])).lives).toBe(2)
  })

  it("has a step on a frame where that was heard, with the message that it says", () => {
    const text = textOfLines(
      local("connection_opened"),
      at(3, "in", { type: "identified", agent_id: "me" }),
      at(4, "in", { type: "task_cancelled", task_id: "task-a" }),
      local("decided", { on: "Identified", commands: [], state: "identified" }),
      at(5, "in", { type: "pong" }),
      local("decided", { on: "TaskCancelled", commands: ["Log task_cancelled"], state: "x" })
    )
    expect(stepsIn(text)).toMatchObject([
      { on: "Restarted" },
      { on: "Identified", told: null },
      { on: "TaskCancelled", msg: { task_id: "task-a" }, told: null }
    ])
  })

  it("says which step could not be saved", () => {
    const failed = local("save_failed", { reason: "ENOSPC", undone: true, withheld: false })
    const steps = stepsIn(textOfLines(local("decided", { commands: ["OpenConnection"], state: "down" }), failed))
    expect(steps).toMatchObject([{ on: "Restarted", saved: false }, { on: "SaveFailed", saved: true }])
  })

  it.each([
    ["a decision on what no frame has said", local("decided", { on: "TaskCancelled", commands: [] })],
    ["a decision that is none", local("decided", { commands: 7 })],
    ["a state that is none", local("continued", { state: {} })],
    ["a fact that is none", local("agent_stopped", { task_id: 7 })]
  ])("is replayed without a line that makes no sense: %s", (_, line) => {
    const events = replayedText(textOfLines(local("decided", { commands: ["OpenConnection"] }), line))
    expect(notesIn(events).filter((note) => note.startsWith("4: this line is left out: "))).toHaveLength(1)
    expect(summaryOf(events).lives).toBe(1)
  })

  it("goes on where its state is told, where the older file is gone", () => {
    const [first = "", ...rest] = textOf("happy.jsonl").trimEnd().split("\n")
    const continuing = first.replace("\"continues\":false", "\"continues\":true,\"tells_state\":true")
    const state = {
      stored: { version: 1, active: null, recovering: null },
      connection: {
        phase: "down",
        pending: [],
        in_flight: null,
        refused_types: [],
        standing: "unknown",
        recovery_answer: null,
        accept_refused: false,
        half_open: false
      },
      agent: { activity: { _tag: "Idle" }, answer: null, progress: null, progress_sent_at: null, seen_off: null },
      leaving: [],
      stopping: [],
      draining: null,
      disk: "ok"
    }
    const from = rest.findIndex((line) => line.includes("connection_opened"))
    const told = at(Number(JSON.parse(rest[from] ?? "").t), "local", { type: "continued", state })
    const events = replayedText([continuing, told, ...rest.slice(from)].join("\n"))
    expect(notesIn(events)[0]).toContain("the recording begins in the middle of a life")
    expect(summaryOf(events).lives).toBe(1)
    const [fact] = events.flatMap((event) => event.kind === "fact" ? [event.fact._tag] : [])
    expect(fact).toBe("Connected")
  })
})
