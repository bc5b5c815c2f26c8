import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { request } from "node:http"
import type { DevHub } from "../../src/dev/DevHub.ts"
import { ask, call, hubWith, join, next, typesSoFar } from "./harness.ts"

describe("the hub's HTTP API", () => {
  it.live("tells its health and its schemas to anybody", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* join(hub, "a")
      expect(yield* call(hub, "GET", "/health")).toEqual([200, {
        status: "ok",
        service: "agent_com",
        agents_connected: 1
      }])
      const [status, schemas] = yield* call(hub, "GET", "/api/schemas")
      expect(status).toBe(200)
      expect(schemas).toHaveProperty("schemas.websocket.length", 19)
    }))

  it.live("registers an agent once and gives it a token with which it can identify", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const [status, answer] = yield* call(hub, "POST", "/api/onboard/register", undefined, { agent_id: "new" })
      expect(status).toBe(201)
      expect(answer).toMatchObject({
        agent_id: "new",
        token: expect.stringMatching(/^[0-9a-f]{64}$/),
        hub_ws_url: hub.url,
        hub_api_url: hub.httpUrl
      })
      expect(yield* call(hub, "POST", "/api/onboard/register", undefined, { agent_id: "new" })).toEqual([
        409,
        { error: "agent_id already registered" }
      ])
      expect((yield* call(hub, "POST", "/api/onboard/register", undefined, {}))[0]).toBe(422)
    }))

  it.live("wants a token for everything about tasks", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const { id } = yield* hub.submit({ description: "t" })
      for (const token of [undefined, "nonsense"]) {
        expect((yield* call(hub, "GET", `/api/tasks/${id}`, token))[0]).toBe(401)
        expect((yield* call(hub, "POST", "/api/tasks", token, { description: "t" }))[0]).toBe(401)
      }
      expect((yield* call(hub, "GET", `/api/tasks/${id}`, "token a"))[1]).toMatchObject({ id, status: "queued" })
    }))

  it.live("takes, shows, cancels and revives tasks", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const [status, created] = yield* call(hub, "POST", "/api/tasks", "token b", {
        description: "t",
        metadata: { n: 1 },
        needed_capabilities: ["nobody"]
      })
      expect([status, created]).toMatchObject([201, { status: "queued", priority: 2 }])
      const { id } = yield* hub.submit({ description: "u", needed_capabilities: ["nobody"] })
      yield* hub.advance(11 * 60_000)
      expect(yield* call(hub, "POST", `/api/tasks/${id}/retry`, "token b")).toEqual([200, {
        status: "requeued",
        task_id: id,
        priority: 2
      }])
      expect(hub.task(id)).toMatchObject({ status: "queued", generation: 1 })
      expect(yield* call(hub, "POST", `/api/tasks/${id}/cancel`, "token b")).toEqual([200, {
        status: "cancelled",
        task_id: id,
        previous_status: "queued"
      }])
      const gone = [404, { error: "task_not_found", task_id: id }]
      expect(yield* call(hub, "POST", `/api/tasks/${id}/retry`, "token b")).toEqual(gone)
      expect(yield* call(hub, "POST", `/api/tasks/${id}/cancel`, "token b")).toEqual(gone)
      expect(yield* call(hub, "GET", `/api/tasks/${id}`, "token b")).toEqual(gone)
    }))

  it.live("lists the agents with the hub's picture of them", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a", ["x"])
      const { id } = yield* hub.submit({ description: "t" })
      yield* ask(a, { type: "task_accepted", task_id: id })
      const [, agents] = yield* call(hub, "GET", "/api/agents")
      expect(agents).toMatchObject({ agents: [{ agent_id: "a", capabilities: ["x"], fsm_state: "working" }] })
    }))

  it.live("pushes a task to a connected agent, and commands a restart", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const push = { agent_id: "a", description: "now" }
      expect((yield* call(hub, "POST", "/api/admin/push-task", "token b", push))[0]).toBe(200)
      expect(yield* next(a, "task_assign")).toMatchObject({ generation: 0, description: "now" })
      expect((yield* call(hub, "POST", "/api/admin/agents/a/restart", "token b", { reason: "x" }))[0]).toBe(200)
      expect(yield* next(a, "restart_sidecar")).toEqual({ type: "restart_sidecar", reason: "x" })
      const nobody = { ...push, agent_id: "c" }
      expect(yield* call(hub, "POST", "/api/admin/push-task", "token b", nobody)).toEqual([404, {
        error: "agent_not_connected",
        agent_id: "c"
      }])
    }))

  it.live("refuses the eleventh heavy call in a minute", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const task = { description: "t" }
      const calls = Array.from({ length: 11 }, () => call(hub, "POST", "/api/tasks", "token b", task))
      const answers = yield* Effect.all(calls, { concurrency: "unbounded" })
      const refused = answers.filter(([status]) => status !== 201)
      expect(refused).toEqual([[429, { error: "rate_limited", retry_after_ms: expect.any(Number), tier: "heavy" }]])
      expect(refused[0]?.[1]).toHaveProperty("retry_after_ms", expect.toSatisfy((ms: number) => ms > 0 && ms <= 6_000))
    }))

  it.live("answers 400 to what is no JSON, and 404 to what it does not know", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      expect((yield* call(hub, "POST", "/api/tasks", "token a", "{"))[0]).toBe(400)
      expect((yield* call(hub, "GET", "/api/mailbox/%E0%A4%A", "token a"))[0]).toBe(400)
      expect((yield* call(hub, "GET", "/nothing"))[0]).toBe(404)
    }))
})

describe("the mailbox", () => {
  it.live("keeps what was sent to an agent while it was offline, until it is acknowledged", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      yield* ask(a, { type: "message", to: "b", payload: { n: 1 } })
      yield* ask(a, { type: "message", to: "b", message_type: "request", payload: { n: 2 }, reply_to: "x" })
      const [status, box] = yield* call(hub, "GET", "/api/mailbox/b", "token b")
      expect([status, box]).toMatchObject([200, {
        agent_id: "b",
        count: 2,
        last_seq: 2,
        messages: [
          { seq: 1, from: "a", to: "b", type: "chat", payload: { n: 1 }, reply_to: null },
          { seq: 2, from: "a", to: "b", type: "request", payload: { n: 2 }, reply_to: "x" }
        ]
      }])
      expect((yield* call(hub, "GET", "/api/mailbox/b?since=1", "token b"))[1]).toMatchObject({ count: 1 })
      expect(yield* call(hub, "POST", "/api/mailbox/b/ack", "token b", { seq: 1 })).toEqual([200, {
        status: "acked",
        up_to: 1
      }])
      expect((yield* call(hub, "GET", "/api/mailbox/b", "token b"))[1]).toMatchObject({ count: 1, last_seq: 2 })
    }))

  it.live("is read by its own agent only", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      for (const token of ["token a", undefined]) {
        expect(yield* call(hub, "GET", "/api/mailbox/b", token)).toEqual([401, { error: "unauthorized" }])
      }
    }))

  it.live("gets channel messages even when they were pushed live", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      yield* call(hub, "POST", "/api/channels", "token b", { name: "#Ops" })
      expect(yield* ask(a, { type: "channel_subscribe", channel: "ops" })).toEqual({
        type: "channel_subscribed",
        channel: "ops"
      })
      yield* call(hub, "POST", "/api/channels/ops/publish", "token b", { payload: { n: 1 } })
      const live = yield* next(a, "channel_message")
      expect(live).toMatchObject({ channel: "ops", from: "b", payload: { n: 1 } })
      const [, box] = yield* call(hub, "GET", "/api/mailbox/a", "token a")
      expect(box).toMatchObject({ messages: [{ id: live["id"], payload: { n: 1, channel: "ops" } }] })
      expect(yield* typesSoFar(a)).toEqual([])
    }))
})

describe("a name that is not the hub's own", () => {
  const asking = (hub: DevHub, host: string, headers: Record<string, string> = {}) =>
    Effect.promise(() =>
      new Promise<number | undefined>((settle, fail) => {
        const asked = request(`${hub.httpUrl}/${"Upgrade" in headers ? "ws" : "health"}`, {
          headers: { ...headers, host }
        })
        asked.on("response", (response) => settle(response.resume().statusCode)).on("error", fail)
        asked.on("upgrade", (response, socket) => {
          socket.destroy()
          settle(response.statusCode)
        })
        asked.end()
      })
    )
  const upgrade = {
    Upgrade: "websocket",
    Connection: "Upgrade",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA=="
  }

  it.live.each(["localhost", "localhost:4000", "127.0.0.1", "127.0.0.1:80", "[::1]:4000"])(
    "is not %s",
    (host) =>
      Effect.gen(function*() {
        const hub = yield* hubWith()
        expect(yield* asking(hub, host)).toBe(200)
        expect(yield* asking(hub, host, upgrade)).toBe(101)
      })
  )

  // With DNS rebinding a page of such a host could read every task.
  it.live.each([
    "attacker.example",
    "attacker.example:4000",
    "127.0.0.1.attacker.example",
    "localhost.attacker.example",
    "192.168.0.7",
    "a b"
  ])(
    "is %s, and gets nothing",
    (host) =>
      Effect.gen(function*() {
        const hub = yield* hubWith()
        expect(yield* asking(hub, host)).toBe(421)
        expect(yield* asking(hub, host, upgrade)).toBe(421)
      })
  )
})
