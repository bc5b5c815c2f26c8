import { describe, expect, it } from "@effect/vitest"
import { emptyStore, type StoredState } from "../../src/domain/SidecarState.ts"
import type { Entry } from "../../src/replay/format.ts"
import type { LocalFact } from "../../src/replay/LocalFact.ts"
import { isDifference, type ReplayEvent } from "../../src/replay/ReplayEvent.ts"
import {
  differencesIn,
  framesOut,
  header,
  notesIn,
  recordingOf,
  replayedText,
  replayedTexts,
  summaryOf
} from "./support.ts"

const began = Date.parse("2026-11-21T10:00:00Z")
const task_id = "task-0123456789abcdef"
const payload = { description: "do it", metadata: {} }

/** Lines at times in milliseconds from the beginning. */
const local = (at: number, msg: LocalFact): Entry => ({ t: began + at, dir: "local", msg })
const hub = (at: number, type: string, fields: Record<string, unknown> = {}): Entry => ({
  t: began + at,
  dir: "in",
  msg: { type, ...fields }
})
const out = (at: number, type: string, fields: Record<string, unknown> = {}): Entry => ({
  t: began + at,
  dir: "out",
  msg: { type, ...fields, protocol_version: 1 }
})

const starts = (at: number, stored: StoredState = emptyStore): ReadonlyArray<Entry> => [
  { ...header, t: began + at, msg: { ...header.msg, agent_id: "me", config: { capabilities: ["code"] } } },
  local(at, { _tag: "Restarted", stored, survivors: [] })
]

const identify = (at: number, status = "idle"): ReadonlyArray<Entry> => [
  local(at, { _tag: "Connected" }),
  out(at + 1, "identify", {
    agent_id: "me",
    token: "[REDACTED]",
    name: "me",
    status,
    capabilities: ["code"],
    client_type: "sidecar",
    client_version: "0.0.1"
  }),
  hub(at + 2, "identified", { agent_id: "me" })
]

const nothingThere = { process: "none", this_boot: true, started: false, last_sign_at: null, answer: null } as const
const wake_id = `g1a1t${began + 104}`

const accepts: ReadonlyArray<Entry> = [
  hub(100, "task_assign", { task_id, generation: 1, ...payload, assigned_at: began }),
  out(103, "task_accepted", { task_id, ...payload }),
  local(104, { _tag: "AgentInspected", task_id, evidence: nothingThere })
]
const acknowledged = hub(106, "task_ack", { task_id, status: "accepted" })
const spawned = local(110, { _tag: "WakeSpawned", task_id, wake_id })
const confirmed: ReadonlyArray<Entry> = [
  local(500, { _tag: "AgentStarted", task_id, wake_id }),
  out(501, "wake_result", { task_id, status: "success", attempt: 1 })
]
/** A minute after the acceptance; real timers are late. */
const lease: ReadonlyArray<Entry> = [
  local(60_107, { _tag: "TimerFired", timer: "lease" }),
  local(60_110, {
    _tag: "AgentInspected",
    task_id,
    evidence: { process: "alive", this_boot: true, started: true, last_sign_at: began + 500, answer: null }
  }),
  out(60_111, "task_progress", { task_id, ...payload })
]
const answers: ReadonlyArray<Entry> = [
  local(70_000, {
    _tag: "ResultFound",
    task_id,
    answer: { _tag: "Success", result: { status: "success" }, tokens_used: null }
  }),
  out(70_001, "task_complete", { task_id, generation: 1, result: { status: "success" }, ...payload }),
  hub(70_003, "task_ack", { task_id, status: "complete" }),
  local(70_010, { _tag: "WakeExited", task_id, wake_id, end: { how: "exited", code: 0, output: "" } }),
  local(70_020, { _tag: "AgentStopped", task_id, was_alive: true }),
  out(90_000, "ping"),
  hub(90_001, "pong")
]

const session: ReadonlyArray<Entry> = [
  ...starts(0),
  ...identify(10),
  ...accepts,
  acknowledged,
  spawned,
  ...confirmed,
  ...lease,
  ...answers
]

const replayed = (entries: ReadonlyArray<Entry>): ReadonlyArray<ReplayEvent> => replayedText(recordingOf(entries))

const without = (...left: ReadonlyArray<Entry>): ReadonlyArray<Entry> =>
  session.filter((entry) => !left.includes(entry))

const inShort = (event: ReplayEvent): string => {
  switch (event.kind) {
    case "frame":
      return event.dir === "out" ? `${event.verdict} frame ${String(event.msg["type"])}` : ""
    case "wake":
      return `${event.verdict} wake`
    case "action":
      return `${event.verdict} ${event.action}`
    case "unasked":
      return `unasked ${event.fact._tag}`
    case "decision":
      return `${event.verdict} decision ${event.commands.join(", ")}`
    default:
      return event.kind
  }
}

const differences = (entries: ReadonlyArray<Entry>): ReadonlyArray<string> =>
  differencesIn(replayed(entries)).map(inShort)

describe("a recording of the sidecar's own", () => {
  it("replays without a difference, with each fact at its recorded time", () => {
    const events = replayed(session)
    expect(differencesIn(events)).toEqual([])
    expect(framesOut(events)).toEqual([
      "= identify idle",
      "= task_accepted",
      "= wake_result success",
      "= task_progress",
      "= task_complete"
    ])
    const facts = events.flatMap((event) => event.kind === "fact" ? [[event.fact._tag, event.t - began, event.of]] : [])
    expect(facts).toEqual(
      session.flatMap((entry) =>
        entry.dir === "local" && "msg" in entry ? [[entry.msg._tag, entry.t - began, "recording"]] : []
      )
    )
    expect(summaryOf(events)).toMatchObject({ lives: 1, wakes: [{ task_id, wakes: 1 }], differs: false })
  })

  it("differs where it shows what this version does not do, or does not show what it does", () => {
    const [, sentAccept] = accepts
    const [, sentProgress] = lease
    expect(sentAccept && differences(without(sentAccept))).toEqual(["ours frame task_accepted"])
    expect(sentProgress && differences(without(sentProgress))).toEqual(["ours inspect"])
    expect(differences(without(spawned))).toContain("ours wake")
    expect(differences([...session.slice(0, -2), out(80_000, "task_progress", { task_id }), ...session.slice(-2)]))
      .toEqual(["recorded frame task_progress"])
    expect(differences([
      ...session.slice(0, -2),
      local(80_000, { _tag: "AgentStopped", task_id, was_alive: false }),
      ...session.slice(-2)
    ])).toEqual(["unasked AgentStopped"])
    expect(differences([
      ...session.slice(0, -2),
      local(80_000, { _tag: "TimerFired", timer: "settle" }),
      ...session.slice(-2)
    ])).toEqual(["unasked TimerFired"])
  })

  it("names the fields in which a frame differs", () => {
    const changed = session.map((entry) =>
      entry.dir === "out" && entry.msg["type"] === "task_complete"
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

  it("compares the commands of each step where the recording has them", () => {
    const decided = (at: number, ...commands: ReadonlyArray<string>): Entry => ({
      t: began + at,
      dir: "local",
      msg: { _tag: "Decided", commands }
    })
    const [connected, ...identified] = identify(10)
    const deciding = (...commands: ReadonlyArray<string>) => [
      ...starts(0),
      decided(1, "OpenConnection"),
      ...connected === undefined ? [] : [connected],
      decided(11, ...commands),
      ...identified,
      out(30_000, "ping")
    ]
    expect(differences(deciding("Identify idle"))).toEqual([])
    expect(differences(deciding("Identify working"))).toEqual([
      "ours decision Identify idle",
      "recorded decision Identify working"
    ])
    expect(differences(deciding("Identify idle", "Log connected"))).toHaveLength(2)
  })

  it("takes what comes after the last line of a life for no difference: the daemon was killed there", () => {
    const again = [...starts(5_000), ...identify(5_010), out(35_000, "ping")]
    const beforeTheLook = replayed([...starts(0), ...identify(10), ...accepts.slice(0, 1), ...again])
    expect(differencesIn(beforeTheLook)).toEqual([])
    expect(summaryOf(beforeTheLook)).toMatchObject({ lives: 2, wakes: [] })
    const from = session.indexOf(confirmed[1] ?? acknowledged)
    const beforeTheFrame = replayed([...session.slice(0, from), ...again])
    expect(differencesIn(beforeTheFrame)).toEqual([])
    expect(framesOut(beforeTheFrame)).toEqual([
      "= identify idle",
      "= task_accepted",
      "~ wake_result success",
      "= identify idle"
    ])
  })

  it("begins a life with what its recording says is stored, and ends the one before it where that ended", () => {
    const stored: StoredState = {
      version: 1,
      recovering: null,
      active: {
        task_id,
        ...payload,
        generation: 1,
        assigned_at: began,
        status: "working",
        wake_attempts: 1,
        woken_at: began + 104,
        wake: { id: wake_id, at: began + 110, end: null },
        failure: null,
        assignment: { task_id }
      }
    }
    const killed = session.slice(0, session.indexOf(acknowledged) + 4)
    const events = replayed([
      ...killed,
      ...starts(65_000, stored),
      local(65_010, {
        _tag: "AgentInspected",
        task_id,
        evidence: { process: "alive", this_boot: true, started: true, last_sign_at: began + 500, answer: null }
      }),
      ...identify(65_100, "working"),
      out(65_103, "task_recovering", { task_id, last_status: "working", ...payload }),
      hub(65_104, "task_continue", { task_id, generation: 1 }),
      out(65_105, "state_report", { task_id, status: "working", generation: 1, assigned_at: began, ...payload }),
      hub(65_106, "state_report_ack", { task_id, action: "continue" }),
      out(65_107, "task_accepted", { task_id, ...payload }),
      hub(65_108, "task_ack", { task_id, status: "accepted" })
    ])
    expect(differencesIn(events)).toEqual([])
    const lease_ms = 60_000
    expect(events.some(({ kind, t }) => kind === "fact" && t > began + 111 + lease_ms && t < began + 65_000)).toBe(
      false
    )
    expect(summaryOf(events).wakes).toEqual([{ task_id, wakes: 1 }])
  })

  it("fails to save where the recording tells of that, and not where it does not", () => {
    const reason = "queue.json cannot be written: ENOSPC"
    const events = replayed([
      ...starts(0),
      ...identify(10),
      hub(100, "task_assign", { task_id, generation: 1, ...payload, assigned_at: began }),
      local(102, { _tag: "SaveFailed", reason, undone: true, withheld: false }),
      local(5_104, { _tag: "TimerFired", timer: "disk" }),
      local(5_105, { _tag: "SaveSucceeded" }),
      ...identify(5_200),
      out(35_000, "ping"),
      hub(35_001, "pong")
    ])
    expect(differencesIn(events)).toEqual([])
    const disks = events.flatMap((event) => event.kind === "state" ? [event.after.disk] : [])
    expect(new Set(disks)).toEqual(new Set(["ok", "refusing"]))
    expect(differences([
      ...session.slice(0, -2),
      local(80_000, { _tag: "SaveFailed", reason, undone: false, withheld: false }),
      ...session.slice(-2)
    ])).toEqual(["unasked SaveFailed"])
  })

  it("moves the clock where the recording says that it was set, without time passing", () => {
    const hour_ms = 3_600_000
    const from = session.indexOf(answers[0] ?? acknowledged)
    const jumped: Entry = { t: began + 65_000 + hour_ms, dir: "local", msg: { _tag: "ClockJumped", by_ms: hour_ms } }
    const later = session.slice(from).map((entry) => ({ ...entry, t: entry.t + hour_ms }))
    const events = replayed([...session.slice(0, from), jumped, ...later])
    expect(differencesIn(events)).toEqual([])
    expect(notesIn(events)).toEqual([`${from + 1}: the clock was set by ${hour_ms} ms`])
  })

  it("lets a timer fire when it is due where the recording has none", () => {
    const [fired, ...rest] = lease
    expect(fired && differences(without(fired, ...rest))).toEqual(["ours inspect", "ours frame task_progress"])
  })

  it("drains where an operator asked for that", () => {
    const events = replayed([
      ...session,
      local(91_000, { _tag: "DrainRequested", exit_code: 0 }),
      ...starts(95_000),
      ...identify(95_100),
      out(99_000, "ping")
    ])
    expect(events.flatMap((event) => event.kind === "life" && event.phase === "ends" ? [event.exit_code] : []))
      .toEqual([0, null])
    expect(differencesIn(events)).toEqual([])
  })

  it("goes on in the next file, and begins anew with another agent's", () => {
    const half = session.indexOf(acknowledged)
    const continues = { ...header, t: began + 105, msg: { ...header.msg, agent_id: "me", continues: true } }
    const rotated = [recordingOf(session.slice(0, half)), recordingOf([continues, ...session.slice(half)])]
    expect(differencesIn(replayedTexts(rotated))).toEqual([])
    const events = replayedTexts([
      recordingOf(session.slice(0, half + 2)),
      recordingOf(session).replaceAll("\"me\"", "\"other\"")
    ])
    expect(summaryOf(events)).toMatchObject({ lives: 2, differs: false, wakes: [{ task_id, wakes: 2 }] })
  })

  it("is taken up in its middle, as an older file may be gone", () => {
    const events = replayed(session.slice(session.indexOf(answers[5] ?? acknowledged)))
    expect(events.filter(isDifference)).toEqual([])
    const middle = replayed([
      { ...header, t: began, msg: { ...header.msg, agent_id: "me", continues: true } },
      hub(100, "task_cancelled", { task_id }),
      ...session.slice(session.indexOf(accepts[0] ?? acknowledged))
    ])
    expect(notesIn(middle)[0]).toMatch(/begins in the middle of a life/)
    expect(framesOut(middle)).toEqual([
      "~ identify idle",
      "= task_accepted",
      "= wake_result success",
      "= task_progress",
      "= task_complete"
    ])
  })
})
