import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Scope from "effect/Scope"
import * as DevHub from "../../src/dev/DevHub.ts"
import { cpu_ms } from "../support/cpu.ts"
import { connect } from "./conformance/client.ts"
import { ask, hubWith, join, next, typesSoFar } from "./harness.ts"

describe("identify", () => {
  it.live("leaves the socket open and silent after a wrong token, or another agent's", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const client = yield* connect(hub.url)
      yield* client.identify("a", "nonsense")
      expect(yield* client.take).toEqual({ type: "error", error: "invalid_token" })
      yield* client.identify("a", "token b")
      expect(yield* client.take).toEqual({ type: "error", error: "token_agent_mismatch" })
      expect(yield* ask(client, { type: "ping" })).toEqual({ type: "error", error: "not_identified" })
      expect(client.isOpen()).toBe(true)
    }))

  it.live("is refused for 30, 60 and 300 s after ten violations in a minute", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      for (const seconds of [30, 60, 300, 300]) {
        const client = yield* join(hub, "a")
        for (let time = 0; time < 10; time++) yield* client.sendJson({ type: "nonsense" })
        expect((yield* client.closed).code).toBe(1008)
        expect(yield* client.drain).toHaveLength(9)
        const early = yield* connect(hub.url)
        yield* early.identify("a", "token a")
        expect(yield* early.closed).toEqual({ code: 1008, reason: `cooldown active: retry in ${seconds}s` })
        yield* hub.advance(seconds * 1000)
      }
    }))

  it.live("keeps tokens out of the journal", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* join(hub, "a")
      expect(JSON.stringify(hub.frames())).not.toContain("token a")
      expect(hub.frames()[0]).toMatchObject({ agent: "a", dir: "out", msg: { token: "[REDACTED]" } })
    }))
})

describe("bad input", () => {
  it.live("of no kind ends the hub: a socket is closed with the code of the real hub", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      for (const [data, code] of [["[]", 1011], ["7", 1011], [new Uint8Array([1, 2]), 1011]] as const) {
        const client = yield* join(hub, "a")
        yield* client.send(data)
        expect((yield* client.closed).code).toBe(code)
      }
      const client = yield* join(hub, "a")
      expect(yield* ask(client, { type: "ping" })).toMatchObject({ type: "pong" })
    }))
})

describe("the agents' signs of life", () => {
  it.live("close an idle socket with 1002 after 60 s without any", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const client = yield* connect(hub.url)
      yield* hub.advance(59_000, { silent: true })
      expect(client.isOpen()).toBe(true)
      yield* hub.advance(1000, { silent: true })
      expect((yield* client.closed).code).toBe(1002)
    }))

  it.live.each([{ type: "ping" }, { type: "task_accepted", task_id: "t" }])(
    "keep an agent that says $type",
    (frame) =>
      Effect.gen(function*() {
        const hub = yield* hubWith()
        const client = yield* join(hub, "a")
        for (let time = 0; time < 5; time++) {
          yield* hub.advance(40_000, { silent: true })
          yield* ask(client, frame)
        }
        expect(hub.connections("a")).toBe(1)
      })
  )

  it.live("are frames: a ping of the WebSocket is none", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const client = yield* join(hub, "a")
      yield* hub.advance(40_000, { silent: true })
      yield* client.arrived
      yield* hub.advance(20_000, { silent: true })
      expect((yield* client.closed).code).toBe(1002)
    }))

  it.live("are not needed as long as something is pushed to it", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* join(hub, "a")
      const b = yield* join(hub, "b")
      for (let time = 0; time < 5; time++) {
        yield* hub.advance(40_000, { silent: true })
        yield* ask(b, { type: "message", to: "a", payload: {} })
      }
      expect(hub.connections("a")).toBe(1)
      yield* hub.advance(40_000, { silent: true })
      yield* ask(b, { type: "ping" })
      yield* hub.advance(20_000, { silent: true })
      expect([hub.connections("a"), hub.connections("b")]).toEqual([0, 1])
    }))
})

describe("the queue", () => {
  it.live("gives the task of a closed socket at once to another idle agent that can do it", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a", ["x"])
      const task = yield* hub.submit({ description: "t", needed_capabilities: ["x"] })
      expect(yield* next(a, "task_assign")).toMatchObject({ task_id: task.id, generation: 1 })
      yield* join(hub, "c")
      const b = yield* join(hub, "b", ["x"])
      yield* hub.dropAgent("a")
      expect(yield* next(b, "task_assign")).toMatchObject({ task_id: task.id, generation: 3 })
      expect((yield* a.closed).code).toBe(1006)
    }))

  it.live("takes back what was not accepted for 60 s, without counting a retry, and pushes it again", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* hub.advance(60_001)
      expect(hub.task(id)).toMatchObject({ status: "assigned", generation: 3, retry_count: 0 })
      expect(yield* typesSoFar(a)).toEqual(["task_assign", "task_assign"])
    }))

  it.live("takes a silent task back after 20 minutes, tells nobody, and gives its agent nothing any more", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t", complexity_tier: "trivial" })
      yield* ask(a, { type: "task_accepted", task_id: id })
      yield* hub.advance(19 * 60_000)
      expect(hub.task(id)).toMatchObject({ status: "assigned", generation: 1 })
      yield* hub.advance(2 * 60_000)
      expect(hub.task(id)).toMatchObject({ status: "queued", generation: 2 })
      expect(yield* typesSoFar(a)).toEqual(["task_ack"])
    }))

  it.live("buries a task that waited ten minutes, and refuses its report", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t", needed_capabilities: ["nobody"] })
      yield* hub.advance(11 * 60_000)
      expect(hub.task(id)).toMatchObject({ status: "dead_letter", last_error: "ttl_expired" })
      const report = { type: "task_complete", task_id: id, generation: 0, result: {} }
      expect(yield* ask(a, report)).toEqual({ type: "error", error: "task_complete_failed: not_found" })
    }))

  it.live("tells the agent of a cancelled task and is done with it", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* ask(a, { type: "task_accepted", task_id: id })
      expect(yield* hub.cancel(id)).toBe(true)
      expect(yield* next(a, "task_cancelled")).toMatchObject({ task_id: id })
      expect(hub.task(id)?.status).toBe("cancelled")
      expect(yield* hub.cancel(id)).toBe(false)
    }))

  it.live("lives faster with a time scale", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith({ timeScale: 1000 })
      const client = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* client.sendJson({ type: "ping" })
      yield* hub.waitFor(() => (hub.task(id)?.generation ?? 0) > 1)
    }))
})

/** A task is accepted, the connection breaks, and the agent asks at once after its new identify. */
const framesAfterBreak = (delays: { assignDelayMs?: number; pushDelayMs?: number }) =>
  Effect.gen(function*() {
    const hub = yield* hubWith()
    const before = yield* join(hub, "a")
    const { id } = yield* hub.submit({ description: "t" })
    yield* ask(before, { type: "task_accepted", task_id: id })
    yield* hub.setDelays(delays)
    yield* hub.dropAgent("a")
    const after = yield* connect(hub.url)
    yield* after.identify("a", "token a", [])
    yield* next(after, "identified")
    yield* after.sendJson({ type: "task_recovering", task_id: id })
    yield* after.sendJson({ type: "state_report", task_id: id, generation: 1 })
    const answers = [yield* after.take, yield* after.take, yield* after.take]
    return answers.map(({ type, generation, action }) => [type, generation ?? action])
  })

describe("the order of frames after a break", () => {
  it.live("is the answers to the old generation first, with a delay before the assignment", () =>
    Effect.gen(function*() {
      expect(yield* framesAfterBreak({ assignDelayMs: 1000 })).toEqual([
        ["task_reassign", undefined],
        ["state_report_ack", "abort"],
        ["task_assign", 3]
      ])
    }))

  it.live("is the assignment first, without delays", () =>
    Effect.gen(function*() {
      expect(yield* framesAfterBreak({})).toEqual([
        ["task_assign", 3],
        ["task_continue", 3],
        ["state_report_ack", "abort"]
      ])
    }))

  it.live("is task_continue with the new generation and then its task_assign, with a delay before the push", () =>
    Effect.gen(function*() {
      expect(yield* framesAfterBreak({ pushDelayMs: 1000 })).toEqual([
        ["task_continue", 3],
        ["state_report_ack", "abort"],
        ["task_assign", 3]
      ])
    }))
})

describe("a half-open link", () => {
  it.live("gets the pushes of its agent until the hub notices", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const old = yield* join(hub, "a")
      yield* hub.freezeAgent("a")
      yield* old.sendJson({ type: "ping" })
      const fresh = yield* join(hub, "a")
      yield* old.terminate
      const { id } = yield* hub.submit({ description: "t" })
      expect(hub.task(id)).toMatchObject({ status: "assigned", generation: 1 })
      expect(hub.connections("a")).toBe(2)
      expect(yield* typesSoFar(fresh)).toEqual([])
      yield* hub.thawAndClose("a")
      expect(yield* fresh.take).toEqual({ type: "agent_left", agent_id: "a" })
      expect(yield* ask(fresh, { type: "ping" })).toMatchObject({ type: "pong" })
      expect(hub.connections("a")).toBe(1)
    }))

  it.live("answers nothing, lives on while something is sent on it, and then ends unheard", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const client = yield* join(hub, "a")
      yield* hub.freezeAgent("a")
      yield* client.sendJson({ type: "ping" })
      for (let time = 0; time < 3; time++) {
        yield* hub.advance(40_000, { silent: true })
        yield* hub.push("a", "unheard")
      }
      expect(hub.connections("a")).toBe(1)
      yield* hub.advance(60_000, { silent: true })
      expect(hub.connections("a")).toBe(0)
      expect(client.isOpen()).toBe(true)
      yield* hub.thawAndClose("a")
      expect((yield* client.closed).code).toBe(1006)
      expect(yield* client.drain).toEqual([])
    }))
})

describe("a restart of the hub", () => {
  it.live("keeps the queue, forgets the agents, pushes nothing, and waits 60 s for an acceptance", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const before = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* ask(before, { type: "task_accepted", task_id: id })
      yield* hub.restart
      expect((yield* before.closed).code).toBe(1006)
      expect(hub.task(id)).toMatchObject({ status: "assigned", generation: 1 })
      const after = yield* join(hub, "a")
      expect(yield* ask(after, { type: "state_report", task_id: id, generation: 1 })).toMatchObject({
        action: "continue"
      })
      yield* hub.advance(60_001)
      expect(yield* after.take).toMatchObject({ type: "task_assign", task_id: id, generation: 3 })
    }))

  it.live("is harmless for a task that is accepted again", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const before = yield* join(hub, "a")
      const { id } = yield* hub.submit({ description: "t" })
      yield* ask(before, { type: "task_accepted", task_id: id })
      yield* hub.restart
      const after = yield* join(hub, "a")
      yield* ask(after, { type: "task_accepted", task_id: id })
      yield* hub.advance(120_000)
      expect(yield* ask(after, { type: "task_complete", task_id: id, generation: 1, result: {} })).toMatchObject({
        status: "complete"
      })
    }))

  it.live("refuses connections while it is down, and queues what is submitted meanwhile", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* join(hub, "a")
      const restarting = yield* Effect.forkChild(hub.restartAfter(1_000))
      yield* hub.waitFor((h) => h.connections() === 0)
      expect(Exit.isFailure(yield* Effect.exit(connect(hub.url)))).toBe(true)
      const { id } = yield* hub.submit({ description: "t" })
      expect(hub.task(id)?.status).toBe("queued")
      yield* Fiber.join(restarting)
      const after = yield* connect(hub.url)
      yield* after.identify("a", "token a", [])
      expect(yield* next(after, "task_assign")).toMatchObject({ task_id: id })
    }))
})

describe("what a test may do to an agent", () => {
  it.live("is to push a task that is in no queue, generation 0", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      const id = yield* hub.push("a", "odd", { metadata: { n: 1 } })
      expect(yield* a.take).toMatchObject({ task_id: id, generation: 0, description: "odd", metadata: { n: 1 } })
      expect(hub.task(id)).toBeUndefined()
    }))

  it.live("is to send it any frame, any text and any bytes", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      yield* hub.send("a", { type: "restart_sidecar", reason: "x" })
      yield* hub.sendRaw("a", "7")
      yield* hub.sendRaw("a", new TextEncoder().encode("{\"type\":\"binary\"}"))
      yield* hub.send("nobody", { type: "ignored" })
      expect([yield* a.take, yield* a.take, yield* a.take]).toEqual([
        { type: "restart_sidecar", reason: "x" },
        { raw: 7 },
        { type: "binary" }
      ])
    }))

  it.live("is to swallow its frames, or to answer them itself", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      const a = yield* join(hub, "a")
      yield* hub.intercept((agentId, msg) =>
        agentId !== "a" || msg["type"] === "status"
          ? "deliver"
          : msg["type"] === "ping"
          ? "swallow"
          : { reply: { type: "rate_limited", retry_after_ms: 5 } }
      )
      yield* a.sendJson({ type: "ping" })
      expect(yield* ask(a, { type: "task_accepted", task_id: "t" })).toEqual({
        type: "rate_limited",
        retry_after_ms: 5
      })
      expect(yield* ask(a, { type: "status", status: "x" })).toEqual({ type: "status_updated" })
      yield* hub.intercept(undefined)
      yield* a.sendJson({ type: "ping" })
      expect(yield* next(a, "pong")).toMatchObject({ type: "pong" })
    }))
})

describe("the hub's life", () => {
  it.live("begins with an error when its port is taken", () =>
    Effect.gen(function*() {
      const { port } = yield* hubWith()
      const error = yield* Effect.flip(DevHub.make({ port }))
      expect(error).toMatchObject({ _tag: "PortError", port })
    }))

  it.live("ends with its scope: sockets closed, port free", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      const hub = yield* Scope.provide(hubWith(), scope)
      const client = yield* join(hub, "a")
      yield* Scope.close(scope, Exit.void)
      expect((yield* client.closed).code).toBe(1006)
      yield* DevHub.make({ port: hub.port })
    }))

  it.live("takes less than 50 ms of the processor to begin", () =>
    Effect.gen(function*() {
      const times = []
      for (let attempt = 0; attempt < 3; attempt++) {
        const scope = yield* Effect.scope
        times.push(yield* Effect.promise(() => cpu_ms(() => Effect.runPromise(Scope.provide(hubWith(), scope)))))
      }
      expect(Math.min(...times)).toBeLessThan(50)
    }))

  it.live("lets a test wait for a fact, and says what it saw when the fact does not come", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* join(hub, "a")
      const error = yield* Effect.flip(hub.waitFor((h) => h.connections("b") === 1, 20))
      expect(error).toMatchObject({ _tag: "HubWaitTimeout", waitedMs: 20 })
      expect(error.message).toContain("identified")
      yield* Effect.forkChild(join(hub, "b"))
      yield* hub.waitFor((h) => h.connections("b") === 1)
    }))
})
