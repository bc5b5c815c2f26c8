import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { DevHub } from "../../src/dev/DevHub.ts"
import type { Client } from "./conformance/client.ts"
import { STANDING } from "./conformance/stage.ts"
import { ask, call, hubWith, join, typesSoFar } from "./harness.ts"

const slowHub = (messageCostMs: number, ...agents: ReadonlyArray<string>) =>
  hubWith({
    messageCostMs,
    timeScale: STANDING,
    registerTokens: Object.fromEntries(agents.map((agentId) => [agentId, `token ${agentId}`]))
  })

/** Moves the hub's time once it has read what the clients have said. */
const pass = (hub: DevHub, millis: number, clients: ReadonlyArray<Client>) =>
  Effect.gen(function*() {
    for (const client of clients) yield* client.arrived
    yield* hub.advance(millis)
  })

/** Moves the hub's time in small steps until the call is answered. Returns the answer and how long it took at most. */
const answered = <A>(hub: DevHub, asking: Fiber.Fiber<A>) =>
  Effect.gen(function*() {
    const began = hub.now()
    while (asking.pollUnsafe() === undefined) yield* Effect.andThen(hub.advance(5), Effect.yieldNow)
    return { answer: yield* Fiber.join(asking), millis: hub.now() - began }
  })

const others = ["o1", "o2", "o3", "o4", "o5"]

/** Five agents send a message to `b` at once. */
const keepBusy = (hub: DevHub) =>
  Effect.forEach(others, (other) =>
    Effect.gen(function*() {
      const client = yield* join(hub, other)
      yield* client.sendJson({ type: "message", to: "b", payload: { from: other } })
      yield* client.arrived
    }))

const mailboxOf = (hub: DevHub, agentId: string) =>
  Effect.map(call(hub, "GET", `/api/mailbox/${agentId}`, `token ${agentId}`), ([, body]) => body)

const historyOf = (hub: DevHub, from: string) =>
  Effect.map(call(hub, "GET", `/api/messages?from=${from}`, `token ${from}`), ([, body]) => body)

describe("a message that takes time", () => {
  it.live("holds up the messages of all agents, and in its own connection also what is behind it", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(100, "a", "b", "c")
      const b = yield* join(hub, "b")
      const a = yield* join(hub, "a")
      yield* a.sendJson({ type: "message", to: "c", payload: { n: 1 } })
      yield* a.sendJson({ type: "ping" })
      yield* a.arrived
      yield* b.drain
      yield* b.sendJson({ type: "message", to: "c", payload: { n: 2 } })
      yield* pass(hub, 99, [a, b])
      expect([yield* typesSoFar(a), yield* typesSoFar(b)]).toEqual([[], []])
      yield* pass(hub, 1, [a, b])
      expect([yield* typesSoFar(a), yield* typesSoFar(b)]).toEqual([["message_sent", "pong"], []])
      expect(yield* mailboxOf(hub, "c")).toMatchObject({ count: 1 })
      yield* pass(hub, 100, [a, b])
      expect(yield* typesSoFar(b)).toEqual(["message_sent"])
    }))

  it.live("closes with 1011 who waits over 5 s: its task is taken back, its message stored and not delivered", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(1000, "v", "b", ...others)
      const v = yield* join(hub, "v", ["v"])
      const { id } = yield* hub.submit({ description: "t", needed_capabilities: ["v"] })
      yield* v.take
      yield* ask(v, { type: "task_accepted", task_id: id })
      yield* keepBusy(hub)
      yield* v.sendJson({ type: "message", to: "b", payload: {} })
      yield* pass(hub, 4999, [v])
      expect(v.isOpen()).toBe(true)
      yield* hub.advance(1)
      expect((yield* v.closed).code).toBe(1011)
      expect(hub.task(id)).toMatchObject({ status: "queued", generation: 2 })
      yield* hub.advance(1000)
      expect(yield* mailboxOf(hub, "b")).toMatchObject({ count: 5 })
      expect(yield* historyOf(hub, "v")).toMatchObject({ count: 1 })
    }))

  it.live("is answered 500 by HTTP after 5 s, where nothing is closed, and stored and not delivered", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(10_000, "v", "b", ...others)
      const v = yield* join(hub, "v")
      yield* keepBusy(hub)
      const send = call(hub, "POST", "/api/message", "token v", { to: "b", payload: { key: "k-1" } })
      const { answer, millis } = yield* answered(hub, yield* Effect.forkChild(send))
      expect(answer).toEqual([500, undefined])
      expect(millis).toBeGreaterThanOrEqual(5000)
      yield* v.drain
      expect((yield* ask(v, { type: "ping" }))["type"]).toBe("pong")
      yield* hub.advance(60_000)
      expect(yield* mailboxOf(hub, "b")).toMatchObject({ count: 0 })
      expect(yield* historyOf(hub, "v")).toMatchObject({ count: 1 })
    }))
})

describe("a broadcast that takes time", () => {
  it.live("reaches the connected first, then the mailbox of each absent one, and then its sender is answered", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(10, "a", "b", "c", "d")
      const a = yield* join(hub, "a")
      const d = yield* join(hub, "d")
      yield* a.drain
      yield* a.sendJson({ type: "message", payload: {} })
      yield* a.sendJson({ type: "ping" })
      yield* pass(hub, 10, [a])
      expect([yield* typesSoFar(a), yield* typesSoFar(d)]).toEqual([[], ["message"]])
      yield* hub.advance(19)
      expect(yield* typesSoFar(a)).toEqual([])
      yield* hub.advance(1)
      expect(yield* typesSoFar(a)).toEqual(["message_sent", "pong", "message"])
    }))

  it.live("leaves the connection of its sender free if it was sent by HTTP", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(10, "a", "b", "c")
      const a = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* a.take
      yield* ask(a, { type: "task_accepted", task_id: id })
      const asking = yield* Effect.forkChild(call(hub, "POST", "/api/message", "token a", { payload: {} }))
      expect((yield* ask(a, { type: "ping" }))["type"]).toBe("pong")
      const report = { type: "task_complete", task_id: id, generation: 1, result: {} }
      expect(yield* ask(a, report)).toMatchObject({ status: "complete" })
      const { answer, millis } = yield* answered(hub, asking)
      expect(answer[0]).toBe(200)
      expect(millis).toBeGreaterThanOrEqual(30)
    }))

  it.live("reaches nowhere who identifies meanwhile, and twice who closes meanwhile; the history has it", () =>
    Effect.gen(function*() {
      const hub = yield* slowHub(10, "a", "first", "comes", "goes")
      const a = yield* join(hub, "a")
      const goes = yield* join(hub, "goes")
      yield* a.sendJson({ type: "message", payload: {} })
      yield* pass(hub, 15, [a])
      expect(yield* typesSoFar(goes)).toEqual(["message"])
      const comes = yield* join(hub, "comes")
      yield* goes.close(1000)
      yield* hub.waitFor((h) => h.connections("goes") === 0)
      yield* hub.advance(100)
      expect(yield* typesSoFar(comes)).toEqual(["agent_left"])
      expect(yield* mailboxOf(hub, "comes")).toMatchObject({ count: 0 })
      expect(yield* mailboxOf(hub, "goes")).toMatchObject({ count: 1 })
      expect(yield* mailboxOf(hub, "first")).toMatchObject({ count: 1 })
      expect(yield* historyOf(hub, "a")).toMatchObject({ count: 1 })
    }))
})
