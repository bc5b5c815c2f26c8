import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import type { HubCommand } from "../../src/domain/Command.ts"
import type { JsonObject, Task } from "../../src/domain/Work.ts"
import {
  echoed_payload_bytes,
  encodeCommand,
  frameKindOf,
  type Identity,
  pingFrame
} from "../../src/protocol/outgoing.ts"

const identity: Identity = { agent_id: "agent-1", token: Redacted.make("s3cret"), capabilities: ["code"] }
const task: Task = {
  kind: "task",
  id: "task-8b4fb30a0531eff5",
  generation: 3,
  payload: { description: "do it", metadata: { repo: "r" }, assigned_at: 1795220221127, assignment: {} },
  status: "working",
  wake_attempts: 2,
  woken_at: 0,
  wake: null,
  failure: null
}
const { id: task_id, payload: { description, metadata } } = task
const payload = { description, metadata }

const text = (command: HubCommand) => encodeCommand(command, identity)
const frame = (command: HubCommand): JsonObject => JSON.parse(text(command))
const complete = (result: JsonObject, tokens_used: number | null = null, of = task): HubCommand => ({
  _tag: "SendReport",
  task: of,
  report: { _tag: "Complete", result, tokens_used }
})
const failed = (reason: string): HubCommand => ({ _tag: "SendReport", task, report: { _tag: "Failed", reason } })

const commands: ReadonlyArray<readonly [string, HubCommand, JsonObject]> = [
  ["identify", { _tag: "Identify", status: "working" }, {
    type: "identify",
    agent_id: "agent-1",
    token: "s3cret",
    name: "agent-1",
    status: "working",
    capabilities: ["code"],
    client_type: "sidecar"
  }],
  ["task_accepted", { _tag: "AcceptTask", task }, { type: "task_accepted", task_id, ...payload }],
  ["task_rejected", { _tag: "RejectTask", task_id, reason: "busy" }, {
    type: "task_rejected",
    task_id,
    reason: "busy"
  }],
  ["task_recovering", { _tag: "AskRecovery", task }, {
    type: "task_recovering",
    task_id,
    last_status: "working",
    ...payload
  }],
  ["state_report", { _tag: "ReportState", task }, {
    type: "state_report",
    task_id,
    status: "working",
    generation: 3,
    assigned_at: 1795220221127,
    ...payload
  }],
  ["task_complete", complete({ output: "done" }, 12), {
    type: "task_complete",
    task_id,
    generation: 3,
    result: { output: "done" },
    tokens_used: 12,
    ...payload
  }],
  ["task_complete without tokens", complete({}), {
    type: "task_complete",
    task_id,
    generation: 3,
    result: {},
    ...payload
  }],
  ["task_failed", failed("no"), { type: "task_failed", task_id, generation: 3, reason: "no", ...payload }],
  [
    "task_progress",
    { _tag: "SendProgress", task, progress: { progress: 40, execution_event: { step: "x" } } },
    { type: "task_progress", task_id, progress: 40, execution_event: { step: "x" }, ...payload }
  ],
  [
    "task_progress as a mere sign of life",
    { _tag: "SendProgress", task, progress: { progress: null, execution_event: null } },
    { type: "task_progress", task_id, ...payload }
  ],
  [
    "wake_result of a success",
    { _tag: "SendWakeResult", task, status: "success", reason: null },
    { type: "wake_result", task_id, status: "success", attempt: 2 }
  ],
  [
    "wake_result of a failure",
    { _tag: "SendWakeResult", task, status: "failed", reason: "exit 1" },
    { type: "wake_result", task_id, status: "failed", attempt: 2, error: "exit 1" }
  ],
  ["agent_restarting", { _tag: "AnnounceRestart", reason: "asked" }, { type: "agent_restarting", reason: "asked" }]
]

describe("a command becomes the frame of its name, with the protocol version", () => {
  it.each(commands)("%s", (_, command, expected) => {
    expect(frame(command)).toEqual({ ...expected, protocol_version: 1 })
  })

  it("ping", () => {
    expect(JSON.parse(pingFrame)).toEqual({ type: "ping", protocol_version: 1 })
  })
})

const schemas: ReadonlyArray<{
  readonly type: string
  readonly required_fields: ReadonlyArray<{ readonly name: string; readonly type: string }>
  readonly optional_fields: ReadonlyArray<{ readonly name: string; readonly type: string }>
}> = JSON.parse(readFileSync(join(import.meta.dirname, "../../src/dev/ws-schemas.json"), "utf8")).websocket

const hasType = (value: unknown, type: string): boolean => {
  if (type === "integer") return Number.isInteger(value)
  if (type === "object") return typeof value === "object" && value !== null && !Array.isArray(value)
  return type.startsWith("array") ? Array.isArray(value) : typeof value === type
}

describe("the frame is one that the hub's own schema takes", () => {
  const known = commands.map(([name, command]) => [name, frame(command)] as const)
    .filter(([, sent]) => schemas.some(({ type }) => type === sent["type"]))

  it.each(known)("%s", (_, sent) => {
    const schema = schemas.find(({ type }) => type === sent["type"])
    for (const { name, type } of schema?.required_fields ?? []) {
      expect(sent[name]).toSatisfy((value) => hasType(value, type))
    }
    for (const { name, type } of schema?.optional_fields ?? []) {
      if (name in sent) expect(sent[name]).toSatisfy((value) => hasType(value, type))
    }
  })
})

describe("the types that the rules know an exchange by", () => {
  it.each(
    [
      ["accept", { _tag: "AcceptTask", task }],
      ["reject", { _tag: "RejectTask", task_id, reason: "busy" }],
      ["recovery", { _tag: "AskRecovery", task }],
      ["state", { _tag: "ReportState", task }],
      ["report", complete({})],
      ["report", failed("no")]
    ] as const
  )("%s", (kind, command) => {
    expect(frameKindOf(String(frame(command)["type"]))).toBe(kind)
  })
})

const acceptOf = (long: string): HubCommand => ({
  _tag: "AcceptTask",
  task: { ...task, payload: { ...task.payload, description: long, metadata: {} } }
})

describe("description and metadata ride along", () => {
  const room = echoed_payload_bytes - Buffer.byteLength(JSON.stringify({ description: "", metadata: {} }))
  it("up to 64 KiB of JSON", () => {
    expect(frame(acceptOf("x".repeat(room)))["description"]).toHaveLength(room)
    expect(frame(acceptOf("x".repeat(room + 1)))).toEqual({ type: "task_accepted", task_id, protocol_version: 1 })
  })

  it("counted in bytes, not in characters", () => {
    expect(frame(acceptOf("é".repeat(Math.floor(room / 2))))).toHaveProperty("description")
    expect(frame(acceptOf("é".repeat(Math.floor(room / 2) + 1)))).not.toHaveProperty("description")
  })
})

describe("text is made well-formed", () => {
  const lone = "\ud800"

  it("wherever it stands: values, keys, nested ones and next to other escapes", () => {
    const sent = text(complete({ o: lone, [`k${lone}`]: [`\\${lone}"\n`, { deep: "\udc00\ud83d" }], ok: "😀\\ud800" }))
    const replaced = { o: "\ufffd", "k\ufffd": ["\\\ufffd\"\n", { deep: "\ufffd\ufffd" }], ok: "😀\\ud800" }
    expect(JSON.parse(sent).result).toEqual(replaced)
    expect(sent).not.toMatch(/(^|[^\\])(\\\\)*\\ud[89a-f]/)
  })

  it("and what is well-formed stays as it is", () => {
    const result = { text: "\u0000\u001f\"\\ud800\\\\ud800 😀 \ufffd", "": null }
    expect(JSON.parse(text(complete(result))).result).toEqual(result)
  })

  it.each(commands.filter(([, command]) => "reason" in command))("also in the reason of %s", (_, command) => {
    const sent = encodeCommand(JSON.parse(JSON.stringify({ ...command, reason: `no ${lone}` })), identity)
    expect(sent).toContain("no \ufffd")
  })
})

const reasonOf = (reason: string) => frame(failed(reason))["reason"]

describe("a reason is cut to 2,000 characters", () => {
  it("by code points", () => {
    expect(reasonOf("x".repeat(2_000))).toBe("x".repeat(2_000))
    expect(reasonOf("x".repeat(2_001))).toBe("x".repeat(2_000))
    expect(reasonOf("😀".repeat(2_000))).toBe("😀".repeat(2_000))
  })

  it("and never inside a surrogate pair", () => {
    expect(reasonOf(`x${"😀".repeat(3_000)}`)).toBe(`x${"😀".repeat(1_999)}`)
    expect(reasonOf("😀".repeat(3_000))).toBe("😀".repeat(2_000))
  })
})

describe("a number that the hub would not take for an integer is left out", () => {
  it.each([1.5, 1e300, Number.NaN, Number.POSITIVE_INFINITY])("%s", (odd) => {
    expect(frame(complete({}, odd))).not.toHaveProperty("tokens_used")
    expect(frame({ _tag: "SendProgress", task, progress: { progress: odd, execution_event: null } })).not
      .toHaveProperty("progress")
  })
})

it("an answer nested too deeply for JSON is an error of the caller's, not a broken frame", () => {
  let deep: JsonObject = {}
  for (let level = 0; level < 100_000; level++) deep = { deep }
  expect(() => text(complete(deep))).toThrow(RangeError)
})
