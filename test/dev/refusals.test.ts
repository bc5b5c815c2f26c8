import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { STANDING } from "./conformance/stage.ts"
import { ask, call, hubWith, join, next, typesSoFar } from "./harness.ts"

const unknownTask = "/api/tasks/task-0000000000000000"

/** The statuses of so many calls, each with the number of its answers. */
const statuses = (count: number, one: Effect.Effect<readonly [number, unknown]>) =>
  Effect.map(Effect.all(Array.from({ length: count }, () => one), { concurrency: 10 }), (answers) => {
    const counts: Record<number, number> = {}
    for (const [status] of answers) counts[status] = (counts[status] ?? 0) + 1
    return counts
  })

const phaseOf = (hub: DevHub) =>
  Effect.map(call(hub, "GET", "/api/agents"), ([, body]) => Object(body).agents[0].fsm_state)

describe("a refusal for talking too much", () => {
  it.live("by HTTP keeps tasks away as one by frames does: for 60 s, and then until something happens", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith({ timeScale: STANDING })
      const a = yield* join(hub, "a")
      expect(yield* statuses(62, call(hub, "GET", unknownTask, "token a"))).toEqual({ 404: 60, 429: 2 })
      const { id } = yield* hub.submit({ description: "t" })
      expect([hub.task(id)?.status, yield* phaseOf(hub)]).toEqual(["queued", "idle"])
      yield* hub.advance(70_000)
      expect([hub.task(id)?.status, yield* phaseOf(hub)]).toEqual(["queued", "idle"])
      yield* join(hub, "b")
      expect(yield* next(a, "task_assign")).toMatchObject({ task_id: id, generation: 1 })
    }))

  it.live("comes from a bucket for frames and another one for HTTP", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith({ timeScale: STANDING })
      const a = yield* join(hub, "a")
      for (let n = 0; n < 61; n++) yield* a.sendJson({ type: "message", to: "nobody", payload: {} })
      const types = yield* typesSoFar(a)
      expect(types.filter((type) => type === "message_sent")).toHaveLength(60)
      expect(types.at(-1)).toBe("rate_limited")
      const send = call(hub, "POST", "/api/message", "token a", { to: "nobody", payload: {} })
      expect(yield* statuses(61, send)).toEqual({ 200: 60, 429: 1 })
      const refusal = [429, { error: "rate_limited", retry_after_ms: 1000, tier: "normal" }]
      expect([yield* send, yield* call(hub, "GET", unknownTask, "token a")]).toEqual([refusal, refusal])
    }))

  it.live.each([
    ["GET", "/api/mailbox/a?since=0"],
    ["POST", "/api/mailbox/a/ack"],
    ["GET", "/api/messages?to=a"],
    ["GET", "/api/room/messages?since=0"],
    ["GET", "/api/channels/ops/history"],
    ["GET", "/api/agents/a/subscriptions"]
  ])("does not come from %s %s", ([method = "", path = ""]) =>
    Effect.gen(function*() {
      const hub = yield* hubWith({ timeScale: STANDING })
      yield* call(hub, "POST", "/api/channels", "token a", { name: "ops" })
      const one = call(hub, method, path, "token a", method === "POST" ? { seq: 0 } : undefined)
      expect(yield* statuses(130, one)).toEqual({ 200: 130 })
    }))
})

describe("a refusal of what makes no sense", () => {
  const bad = { type: "message", to: "x", payload: "text" }

  it.live("of ten message frames closes the connection and gives its task to another", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a", ["x"])
      const { id } = yield* hub.submit({ description: "t", needed_capabilities: ["x"] })
      const b = yield* join(hub, "b", ["x"])
      for (let n = 0; n < 12; n++) yield* a.sendJson({ type: "channel_publish", channel: "nope", payload: {} })
      for (let n = 0; n < 12; n++) yield* a.send("{")
      for (let n = 0; n < 9; n++) yield* a.sendJson(bad)
      yield* a.arrived
      expect(hub.task(id)?.assigned_to).toBe("a")
      yield* a.sendJson(bad)
      expect(yield* a.closed).toEqual({ code: 1008, reason: "too many validation errors" })
      expect(yield* next(b, "task_assign")).toMatchObject({ task_id: id, generation: 3 })
    }))

  it.live("by HTTP costs nothing: the connection stays, and so does the right to identify", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      expect(yield* statuses(12, call(hub, "POST", "/api/message", "token a", bad))).toEqual({ 422: 12 })
      expect((yield* ask(a, { type: "ping" }))["type"]).toBe("pong")
      yield* a.close(1000)
      yield* join(hub, "a")
    }))

  it.live("by HTTP of what is too large is 413", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const payload = { text: "x".repeat(9_000_000) }
      expect((yield* call(hub, "POST", "/api/message", "token a", { to: "b", payload }))[0]).toBe(413)
    }))
})

describe("a change of status", () => {
  it.live("is told to everybody, so that n agents cause n × n frames", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const clients = yield* Effect.forEach(["a", "b", "c"], (agentId) => join(hub, agentId))
      for (const client of clients) yield* client.sendJson({ type: "status", status: "x" })
      for (const client of clients) yield* client.arrived
      const heard = yield* Effect.forEach(clients, typesSoFar)
      expect(heard.flat().filter((type) => type === "status_changed")).toHaveLength(9)
    }))
})
