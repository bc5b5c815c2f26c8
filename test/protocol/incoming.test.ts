import * as Result from "effect/Result"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { decodeFrame } from "../../src/protocol/incoming.ts"

const decode = (frame: unknown) => decodeFrame(JSON.stringify(frame))
const decoded = (frame: unknown) => Result.getOrThrow(decode(frame))
const problem = (text: string) => {
  const result = decodeFrame(text)
  return Result.isFailure(result) ? result.failure.reason : undefined
}

const id = "task-8b4fb30a0531eff5"
const recordings = join(import.meta.dirname, "../fixtures/hub/recordings")
const recorded = readdirSync(recordings).flatMap((file) =>
  readFileSync(join(recordings, file), "utf8").split("\n").filter((line) => line !== "")
    .map((line) => JSON.parse(line))
    .filter((line) => line.dir === "in")
    .map((line) => ({ file, msg: line.msg }))
)

describe("a frame of the hub becomes what it says", () => {
  it.each([
    ["identified", { type: "identified", agent_id: "a" }, { _tag: "Identified" }],
    ["pong", { type: "pong", timestamp: 1 }, { _tag: "Pong" }],
    ["task_ack", { type: "task_ack", task_id: id, status: "complete" }, {
      _tag: "TaskAcknowledged",
      task_id: id,
      status: "complete"
    }],
    ["task_ack without a status", { type: "task_ack", task_id: id }, {
      _tag: "TaskAcknowledged",
      task_id: id,
      status: ""
    }],
    ["task_continue", { type: "task_continue", task_id: id, generation: 3 }, {
      _tag: "TaskContinued",
      task_id: id,
      generation: 3
    }],
    ["task_reassign", { type: "task_reassign", task_id: id }, { _tag: "TaskReassigned", task_id: id }],
    ["state_report_ack", { type: "state_report_ack", task_id: id, action: "abort" }, {
      _tag: "StateReportAnswered",
      task_id: id,
      action: "abort"
    }],
    ["task_cancelled", { type: "task_cancelled", task_id: id, timestamp: 5 }, { _tag: "TaskCancelled", task_id: id }],
    ["rate_limited", { type: "rate_limited", retry_after_ms: 2500, tier: "normal" }, {
      _tag: "RateLimited",
      retry_after_ms: 2500
    }],
    ["rate_limited, a ping", { type: "rate_limited", retry_after_ms: 2500, tier: "light" }, {
      _tag: "RateLimited",
      retry_after_ms: 2500,
      of_ping: true
    }],
    ["rate_limited without a time", { type: "rate_limited" }, { _tag: "RateLimited", retry_after_ms: 1000 }],
    ["restart_sidecar", { type: "restart_sidecar", reason: "new version" }, {
      _tag: "RestartRequested",
      reason: "new version"
    }],
    ["restart_sidecar without a reason", { type: "restart_sidecar", reason: null }, {
      _tag: "RestartRequested",
      reason: ""
    }],
    ["agent_left", { type: "agent_left", agent_id: "b" }, { _tag: "AgentLeft", agent_id: "b" }],
    ["a frame for others", { type: "room_message", text: "hi" }, {
      _tag: "Ignored",
      type: "room_message",
      known: true
    }],
    ["a frame of a newer hub", { type: "telepathy" }, { _tag: "Ignored", type: "telepathy", known: false }]
  ])("%s", (_, frame, expected) => {
    expect(decoded(frame)).toEqual(expected)
  })
})

const refused = (error: string, frame: string | null = null, unknown_type = false) => ({
  _tag: "HubRefused",
  error,
  frame,
  unknown_type
})

describe("an error frame", () => {
  it.each(["invalid_token", "token_agent_mismatch", "not_identified"])("%s is a refused identification", (reason) => {
    expect(decoded({ type: "error", error: reason })).toEqual({ _tag: "IdentifyRefused", reason })
  })

  it.each([
    [
      "of a report names no type",
      { error: "task_complete_failed: stale_generation" },
      refused(
        "task_complete_failed: stale_generation"
      )
    ],
    ["of the parser names nothing", { error: "invalid_json" }, refused("invalid_json")],
    ["of the schema names the frame it refused", {
      error: "validation_failed",
      message_type: "task_failed",
      errors: [{ field: "reason", error: "too_long", detail: "exceeds" }]
    }, refused("validation_failed", "report")],
    ["of the schema says that the type is unknown", {
      error: "validation_failed",
      message_type: "task_rejected",
      errors: [{ field: "type", error: "unknown_message_type", detail: "unknown", known_types: ["ping"] }]
    }, refused("validation_failed", "reject", true)],
    ["that says nothing is an answer all the same", {}, refused("unspecified")],
    ["with odd fields is an answer all the same", { error: 7, message_type: [], errors: "no" }, refused("unspecified")],
    [
      "with odd details is an answer all the same",
      { error: "validation_failed", errors: [null, 3] },
      refused(
        "validation_failed"
      )
    ]
  ])("%s", (_, fields, expected) => {
    expect(decoded({ type: "error", ...fields })).toEqual(expected)
  })
})

describe("an assignment", () => {
  const frame = {
    type: "task_assign",
    task_id: id,
    description: "do it",
    metadata: { a: { b: [1] } },
    generation: 3,
    assigned_at: 1795220221127,
    repo: null,
    success_criteria: ["green"],
    routing_decision: { tier: "standard" },
    of_a_newer_hub: { deep: [true] }
  }

  it("is kept whole, fields of newer hubs too, without its type", () => {
    const { type: _, ...assignment } = frame
    expect(decoded(frame)).toEqual({
      _tag: "TaskAssigned",
      task: {
        task_id: id,
        description: "do it",
        metadata: { a: { b: [1] } },
        generation: 3,
        assigned_at: 1795220221127,
        assignment
      }
    })
  })

  it.each([undefined, null])("decodes with %s for whatever is not needed", (nothing) => {
    const bare = { type: "task_assign", task_id: id, generation: 0 }
    const empty = { ...bare, description: nothing, metadata: nothing, assigned_at: nothing }
    expect(decoded(empty)).toMatchObject({ task: { description: "", metadata: {}, assigned_at: 0, generation: 0 } })
  })

  it("keeps a metadata key that names the prototype as the plain key it is", () => {
    const result = Result.getOrThrow(
      decodeFrame(`{"type":"task_assign","task_id":"${id}","generation":1,"metadata":{"__proto__":{"x":1}}}`)
    )
    expect(JSON.stringify(result)).toContain(`"metadata":{"__proto__":{"x":1}}`)
    expect({}).not.toHaveProperty("x")
  })

  it.each([
    ["no task_id", { generation: 1 }],
    ["no generation", { task_id: id }],
    ["a generation that is no integer", { task_id: id, generation: 1.5 }],
    ["metadata that is no object", { task_id: id, generation: 1, metadata: "x" }]
  ])("with %s is undecodable", (_, fields) => {
    expect(Result.isFailure(decode({ type: "task_assign", ...fields }))).toBe(true)
  })
})

describe("what is no frame is a problem, never an exception", () => {
  it.each([
    ["half of one", `{"type":"pong"`, "not JSON"],
    ["nothing", "", "not JSON"],
    ["a list", "[1]", "not a JSON object"],
    ["null", "null", "not a JSON object"],
    ["no type", "{}", "no type"],
    ["a type that is no text", `{"type":7}`, "no type"]
  ])("%s", (_, text, reason) => {
    expect(problem(text)).toBe(reason)
  })

  it("and a type named like a property of every object is just unknown", () => {
    expect(decoded({ type: "__proto__" })).toEqual({ _tag: "Ignored", type: "__proto__", known: false })
    expect(decoded({ type: "constructor" })).toEqual({ _tag: "Ignored", type: "constructor", known: false })
  })

  it("and it names the field without quoting the frame", () => {
    const reason = problem(JSON.stringify({ type: "task_ack", task_id: { secret: "s3cret" } }))
    expect(reason).toContain("task_id")
    expect(reason).not.toContain("s3cret")
  })
})

describe("every frame that a real hub was recorded to send decodes", () => {
  it.each(recorded.map(({ file, msg }) => [`${file}: ${msg.type}`, msg] as const))("%s", (_, frame) => {
    const incoming = decoded(frame)
    expect(incoming).not.toMatchObject({ _tag: "Ignored", known: false })
    if (incoming._tag === "TaskAssigned") expect({ type: "task_assign", ...incoming.task.assignment }).toEqual(frame)
  })
})

describe("a frame that nests too deeply to be written down", () => {
  const nested = (levels: number) =>
    `{"type":"task_assign","task_id":"t","generation":1,"metadata":{"a":${"[".repeat(levels)}${"]".repeat(levels)}}}`

  it("is known by its task, which cannot be worked on", () => {
    expect(Result.getOrThrow(decodeFrame(nested(20_000)))).toEqual({
      _tag: "TaskUnworkable",
      task_id: "t",
      generation: 1,
      reason: "the frame of the task is nested deeper than 500 levels"
    })
  })
  it("where one that nests less is", () => expect(Result.isSuccess(decodeFrame(nested(400)))).toBe(true))
})

describe("a frame that holds more than is parsed", () => {
  const many = `[${"[],".repeat(150_000)}[]]`
  const reason = "the frame of the task holds 300007 values, more than 250000"

  it.each([
    ["behind them", `{"type":"task_assign","metadata":${many},"generation":7,"task_id":"${id}"}`],
    ["before them", `{"task_id":"${id}","generation":7,"type":"task_assign","metadata":${many}}`],
    [
      "with others of that name inside",
      `{"type":"task_assign","metadata":{"task_id":"x","a":${many}},"task_id":"${id}","generation":7}`
    ]
  ])("is known by its task, %s", (_, text) => {
    expect(Result.getOrThrow(decodeFrame(text))).toMatchObject({ _tag: "TaskUnworkable", task_id: id, generation: 7 })
  })

  it("is not parsed where the task is larger than a hub takes, and one of another kind is", () => {
    const large = "x".repeat(10 * 1024 * 1024)
    expect(
      Result.getOrThrow(decodeFrame(`{"type":"task_assign","task_id":"${id}","generation":7,"description":"${large}"}`))
    )
      .toMatchObject({
        _tag: "TaskUnworkable",
        task_id: id,
        reason: expect.stringMatching(/ has 104\d+ bytes, more than 10485760/)
      })
    expect(Result.getOrThrow(decodeFrame(`{"type":"pong","x":"${large}"}`))).toEqual({ _tag: "Pong" })
  })

  it("says how much there is", () => {
    const [first] = [`{"type":"task_assign","metadata":${many},"generation":7,"task_id":"${id}"}`]
    expect(Result.getOrThrow(decodeFrame(first))).toMatchObject({ reason })
  })

  it.each([
    ["of another type", `{"type":"message","task_id":"${id}","generation":1,"a":${many}}`],
    ["without an id", `{"type":"task_assign","generation":1,"a":${many}}`],
    ["without a whole generation", `{"type":"task_assign","task_id":"${id}","generation":1.5,"a":${many}}`],
    ["that is a list", many]
  ])("and is ignored, %s", (_, text) => {
    expect(problem(text)).toMatch(/^holds \d+ values, more than 250000$/)
  })
})

describe("the numbers of an assignment", () => {
  const bare = `"type":"task_assign","task_id":"${id}","generation":1`

  it.each([
    ["metadata", `{${bare},"metadata":{"n":12345678901234567890,"l":[9007199254740993]}}`],
    ["a field of a newer hub", `{${bare},"odd":{"n":-12345678901234567890}}`]
  ])("pass unchanged in %s", (_, text) => {
    const incoming = Result.getOrThrow(decodeFrame(text))
    const task = incoming._tag === "TaskAssigned" ? incoming.task : undefined
    expect(`{"type":"task_assign",${JSON.stringify(task?.assignment).slice(1)}`).toBe(text)
    if (text.includes("metadata")) expect(text).toContain(JSON.stringify(task?.metadata))
  })

  it("that are too large for a time do not keep the task back", () => {
    const text = `{${bare},"assigned_at":12345678901234567890}`
    expect(Result.getOrThrow(decodeFrame(text))).toMatchObject({
      task: { assigned_at: Number("12345678901234567890") }
    })
  })

  it("as metadata are no object", () => {
    expect(Result.isFailure(decodeFrame(`{${bare},"metadata":12345678901234567890}`))).toBe(true)
  })
})
