import { describe, expect, it } from "@effect/vitest"
import * as Option from "effect/Option"
import { parseJson } from "../../src/dev/json.ts"
import { bodies, checkFrame, checkShape } from "../../src/dev/schemaCheck.ts"

describe("the schema check of frames", () => {
  it("names the types it knows when it does not know one", () => {
    const [error] = checkFrame({ type: "task_rejected" })
    expect(error).toMatchObject({ field: "type", error: "unknown_message_type" })
    expect(error?.detail).toBe("unknown message type 'task_rejected'")
    expect(error?.known_types).toHaveLength(19)
    expect(error?.known_types).toContain("wake_result")
  })

  it.each([
    [{}, { field: "type", error: "required", detail: "field is required" }],
    [{ type: 7 }, { field: "type", error: "wrong_type", detail: "expected string, got integer", value: 7 }],
    [{ type: null }, { field: "type", error: "wrong_type", detail: "expected string, got null", value: null }]
  ])("wants a type that is a text, not %j", (frame, error) => expect(checkFrame(frame)).toEqual([error]))

  it("names every missing field, null ones too, in alphabetical order", () => {
    expect(checkFrame({ type: "task_complete", task_id: null })).toEqual([
      { field: "generation", error: "required", detail: "field is required" },
      { field: "task_id", error: "required", detail: "field is required" }
    ])
  })

  it("takes null for an optional field, and any field it does not know", () => {
    const frame = { type: "task_complete", task_id: "t", generation: 1, verification_history: null, whatever: [] }
    expect(checkFrame(frame)).toEqual([])
  })

  it.each([
    ["tokens_used", 1.5, "expected integer, got float"],
    ["tokens_used", true, "expected integer, got boolean"],
    ["result", [], "expected object, got array"],
    ["result", "x", "expected object, got string"],
    ["verification_history", {}, "expected array, got object"]
  ])("says of %s %j: %s", (field, value, detail) => {
    const errors = checkFrame({ type: "task_complete", task_id: "t", generation: 1, [field]: value })
    expect(errors).toEqual([{ field, error: "wrong_type", detail, value }])
  })

  it("points at the first bad item of a list", () => {
    const errors = checkFrame({ type: "identify", agent_id: "a", token: "t", capabilities: ["x", null, 3] })
    const detail = "expected string, got null"
    expect(errors).toEqual([{ field: "capabilities[1]", error: "wrong_type", detail, value: null }])
  })

  it("counts the characters of a text as a reader does, and shows the first fifty", () => {
    const family = "👩‍👩‍👧‍👦"
    expect(checkFrame({ type: "task_failed", task_id: "t", generation: 1, reason: family.repeat(2000) })).toEqual([])
    expect(checkFrame({ type: "task_failed", task_id: "t", generation: 1, reason: family.repeat(2001) })).toEqual([{
      field: "reason",
      error: "too_long",
      detail: "exceeds maximum length of 2000 characters",
      value: `${family.repeat(50)}...`
    }])
  })

  it("limits a task's description to 10,000 characters", () => {
    expect(checkShape(bodies.task, { description: "d".repeat(10_000) })).toEqual([])
    expect(checkShape(bodies.task, { description: "d".repeat(10_001) })).toHaveLength(1)
  })
})

describe("the hub's parser", () => {
  it.each(["{", "", "{\"a\":\"\\ud800\"}", "{\"\\udc00\":1}", "[[\"\\ud800\"]]", "{\"a\":1e999}"])(
    "refuses %j",
    (text) => {
      expect(Option.isNone(parseJson(text))).toBe(true)
    }
  )

  it.each(["{}", "[]", "7", "{\"a\":\"\\u0000\"}", "{\"a\":\"\\ud83d\\ude00\"}"])("takes %j", (text) => {
    expect(parseJson(text)).toEqual(Option.some(JSON.parse(text)))
  })

  it("survives any depth", () => {
    const depth = 100_000
    expect(Option.isSome(parseJson("[".repeat(depth) + "]".repeat(depth)))).toBe(true)
  })
})
