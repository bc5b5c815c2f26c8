import { describe, expect, it } from "@effect/vitest"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import * as TestClock from "effect/testing/TestClock"
import type { JsonObject } from "../../src/domain/Work.ts"
import { max_sent_frame_bytes } from "../../src/protocol/outgoing.ts"
import { type FakeHub, fakeOpener, last, makeFakeHub, startHub, task, until } from "./hubRig.ts"

const gaps = (times: ReadonlyArray<number>): ReadonlyArray<number> =>
  times.slice(1).map((time, index) => time - (times[index] ?? 0))

/** Whether a wait is between half and the whole of the schedule's n-th wait. */
const expectDrawn = (wait: number | undefined, seconds: number): void => {
  expect(wait).toBeGreaterThanOrEqual(seconds * 500)
  expect(wait).toBeLessThanOrEqual(seconds * 1_000)
}

const start = (hub: FakeHub) => startHub({ open: fakeOpener(hub) })
const ready = (hub: FakeHub) => start(hub).pipe(Effect.tap(() => TestClock.adjust(1)))

describe("connecting anew", () => {
  it.effect("waits 1, 2, 4 … 60, 60 seconds, each drawn between half and the whole of it", () =>
    Effect.gen(function*() {
      const first_waits: Array<number | undefined> = []
      for (const seed of ["a", "b", "c", "d", "e"]) {
        const hub = { ...makeFakeHub(), opening: "refuses" as const }
        const rig = yield* start(hub).pipe(Random.withSeed(seed))
        yield* TestClock.adjust("10 minutes")
        const waits = gaps(hub.attempts)
        expect(waits.length).toBeGreaterThan(9)
        for (const [index, seconds] of [1, 2, 4, 8, 16, 32, 60, 60, 60].entries()) expectDrawn(waits[index], seconds)
        expect(rig.logged("reconnect_scheduled").slice(0, waits.length)).toEqual(
          waits.map((delay_ms, index) => ({ event: "reconnect_scheduled", delay_ms, attempt: index + 1 }))
        )
        first_waits.push(waits[6])
        yield* rig.stop
      }
      expect(new Set(first_waits).size).toBeGreaterThan(1)
    }))

  it.effect("goes on for ever at the 60 second end", () =>
    Effect.gen(function*() {
      const hub = { ...makeFakeHub(), opening: "refuses" as const }
      yield* start(hub)
      yield* TestClock.adjust("30 hours")
      const waits = gaps(hub.attempts)
      expect(waits.length).toBeGreaterThan(1_800)
      for (const wait of waits.slice(6)) expectDrawn(wait, 60)
    }))

  it.effect("begins at 1 second again after a frame that is too large, but not after two in a row", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      const delayAfter = Effect.fnUntraced(function*(code: number) {
        const before = hub.attempts.length
        yield* last(hub).close(code, "")
        yield* TestClock.adjust("2 minutes")
        expect(hub.attempts).toHaveLength(before + 1)
        return rig.logged("reconnect_scheduled").at(-1)?.delay_ms
      })
      for (const seconds of [1, 2, 4, 8]) expectDrawn(yield* delayAfter(1009), seconds)
      for (const [code, seconds] of [[1006, 1], [1009, 1], [1000, 1], [1009, 1], [1009, 2]] as const) {
        expectDrawn(yield* delayAfter(code), seconds)
      }
    }))

  it.effect("begins at 1 second again only after identified", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), identifying: "silent" }
      yield* ready(hub)
      const dropAt: Array<number> = []
      const drop = Effect.gen(function*() {
        const before = hub.attempts.length
        dropAt.push(yield* Effect.clockWith((clock) => clock.currentTimeMillis))
        yield* last(hub).close(1006, "")
        while (hub.attempts.length === before) yield* TestClock.adjust(100)
      })
      yield* Effect.repeat(drop, { times: 3 })
      hub.identifying = "identified"
      yield* drop
      yield* drop
      yield* drop
      const waits = dropAt.map((at, index) => (hub.attempts[index + 1] ?? 0) - at)
      for (const [index, seconds] of [1, 2, 4, 8, 16, 1].entries()) expectDrawn(waits[index], seconds)
    }))

  it.effect("gives up on an opening after 10 seconds", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), opening: "hangs" }
      const rig = yield* start(hub)
      yield* TestClock.adjust("10 seconds")
      expect(rig.logged("ws_closed")).toEqual([{ event: "ws_closed", code: 1006, reason: "not open within 10000 ms" }])
      yield* TestClock.adjust("1 second")
      expect(hub.attempts).toHaveLength(2)
      expect(rig.messages).toEqual([])
    }))

  it.effect("says once that it was connected and once that it is no more", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* last(hub).close(1001, "bye")
      yield* last(hub).close(1006, "")
      yield* TestClock.adjust("1 second")
      expect(rig.tags()).toEqual(["Connected", "Identified", "Disconnected", "Connected", "Identified"])
      expect(rig.logged("ws_closed")).toEqual([{ event: "ws_closed", code: 1001, reason: "bye" }])
      expect(hub.connections[0]?.over).toBe(true)
    }))

  it.effect("a bug of the connection ends the stream, never silently", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), opening: "breaks" }
      const rig = yield* start(hub)
      const exit = yield* Fiber.await(rig.fiber)
      expect(Exit.isFailure(exit) && Cause.pretty(exit.cause)).toContain("a bug in the opener")
    }))
})

describe("what the hub says while it closes the door", () => {
  it.effect.each(["invalid_token", "token_agent_mismatch", "not_identified"])(
    "%s: the socket is closed and the next attempt is at the 60 second end",
    (error) =>
      Effect.gen(function*() {
        const hub: FakeHub = { ...makeFakeHub(), identifying: { type: "error", error } }
        const rig = yield* ready(hub)
        yield* until(() => rig.tags().includes("Disconnected"))
        expect(last(hub).over).toBe(true)
        expect(rig.logged("identify_refused")).toEqual([{ event: "identify_refused", reason: error }])
        expect(rig.tags()).toEqual(["Connected", "Disconnected"])
        yield* TestClock.adjust("5 minutes")
        const waits = gaps(hub.attempts)
        expect(waits.length).toBeGreaterThan(3)
        for (const wait of waits) expectDrawn(wait, 60)
      })
  )

  it.effect("any other error before identified refuses the identification too", () =>
    Effect.gen(function*() {
      const refusal = { type: "error", error: "validation_failed", message_type: "identify", errors: [] }
      const hub: FakeHub = { ...makeFakeHub(), identifying: refusal }
      const rig = yield* ready(hub)
      expect(rig.logged("identify_refused")).toEqual([{ event: "identify_refused", reason: "validation_failed" }])
      expect(last(hub).over).toBe(true)
    }))

  const afterClose = Effect.fnUntraced(function*(code: number, reason: string, closes = 1) {
    const hub: FakeHub = { ...makeFakeHub(), identifying: "silent" }
    yield* ready(hub)
    for (let close = 0; close < closes; close++) {
      yield* last(hub).close(code, reason)
      yield* TestClock.adjust("20 minutes")
    }
    return gaps(hub.attempts)[0] ?? 0
  })

  it.effect("a cooldown is waited out", () =>
    Effect.gen(function*() {
      expect(yield* afterClose(1008, "cooldown active: retry in 300s")).toBe(300_001)
    }))

  it.effect("a cooldown without end is not", () =>
    Effect.gen(function*() {
      expect(yield* afterClose(1008, "cooldown active: retry in 999999999s")).toBe(600_001)
    }))

  it.effect("a cooldown shorter than the schedule's wait does not shorten it", () =>
    Effect.gen(function*() {
      expectDrawn((yield* afterClose(1008, "cooldown active: retry in 0s")) - 1, 1)
    }))

  it.effect("another reason or code is no cooldown", () =>
    Effect.gen(function*() {
      expectDrawn((yield* afterClose(1008, "too many violations")) - 1, 1)
      expectDrawn((yield* afterClose(1000, "cooldown active: retry in 300s")) - 1, 1)
    }))
})

describe("identifying", () => {
  it.effect("is asked for by the reader and is the first frame", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* rig.hub.send({ _tag: "AcceptTask", task })
      expect(last(hub).sent.map((frame) => frame["type"])).toEqual(["identify", "task_accepted"])
      expect(last(hub).sent[0]).toMatchObject({ agent_id: "agent-1", token: "s3cret-token", capabilities: ["code"] })
      expect(rig.logged("identified")).toHaveLength(1)
    }))

  it.effect("no other frame goes out before it is answered", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), identifying: "silent" }
      const rig = yield* startHub({
        open: fakeOpener(hub),
        onMessage: (message, { send }) =>
          message._tag === "Connected"
            ? Effect.andThen(send({ _tag: "AcceptTask", task }), send({ _tag: "Identify", status: "working" }))
            : Effect.void
      })
      yield* TestClock.adjust(1)
      yield* rig.hub.send({ _tag: "ReportState", task })
      expect(last(hub).sent.map((frame) => frame["type"])).toEqual(["identify"])
      yield* last(hub).say({ type: "identified", agent_id: "agent-1" })
      yield* TestClock.adjust(1)
      yield* rig.hub.send({ _tag: "ReportState", task })
      expect(last(hub).sent.map((frame) => frame["type"])).toEqual(["identify", "state_report"])
    }))

  it.effect("happens once on a connection, whoever asks or says so twice", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* rig.hub.send({ _tag: "Identify", status: "idle" })
      yield* last(hub).say({ type: "identified", agent_id: "agent-1" })
      yield* TestClock.adjust(1)
      expect(last(hub).sent).toHaveLength(1)
      expect(rig.tags()).toEqual(["Connected", "Identified"])
    }))

  it.effect.each(["asked", "not asked"])(
    "a connection that is not identified in 15 seconds is dropped: %s",
    (asked) =>
      Effect.gen(function*() {
        const hub: FakeHub = { ...makeFakeHub(), identifying: "silent" }
        const rig = yield* startHub({
          open: fakeOpener(hub),
          ...(asked === "asked" ? {} : { onMessage: () => Effect.void })
        })
        yield* TestClock.adjust(14_999)
        expect(last(hub).over).toBe(false)
        yield* TestClock.adjust(1)
        expect(hub.connections[0]?.over).toBe(true)
        expect(rig.tags()).toEqual(["Connected", "Disconnected"])
        expect(rig.logged("ws_closed")).toEqual([
          { event: "ws_closed", code: 1000, reason: "not identified within 15000 ms" }
        ])
      })
  )

  it.effect("without a connection a command does nothing", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), opening: "refuses" }
      const rig = yield* ready(hub)
      yield* rig.hub.send({ _tag: "AcceptTask", task })
      yield* rig.hub.reconnect("why not")
      expect(rig.logged("reconnecting")).toEqual([])
    }))
})

const pings = (hub: FakeHub) => last(hub).pings

describe("the heartbeat", () => {
  it.effect("pings every 30 seconds in the hub's own way, from identified on", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      yield* ready(hub)
      const ping = { type: "ping", protocol_version: 1 }
      expect(pings(hub)).toEqual([ping])
      yield* TestClock.adjust(29_998)
      expect(pings(hub)).toHaveLength(1)
      yield* TestClock.adjust(2)
      expect(pings(hub)).toEqual([ping, ping])
      yield* TestClock.adjust("5 minutes")
      expect(pings(hub)).toHaveLength(12)
      expect(hub.connections).toHaveLength(1)
    }))

  it.effect("the first ping asks for the hub's time: without an answer the link is not dead", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), answersPings: false }
      const rig = yield* ready(hub)
      yield* TestClock.adjust("29 seconds")
      expect(rig.times).toEqual([])
      hub.answersPings = true
      yield* TestClock.adjust("30 seconds")
      expect(rig.times.map(({ what }) => what)).toEqual([{ _tag: "HubTimeTold", hub_time: 1 }])
      expect(rig.tags()).toEqual(["Connected", "Identified"])
    }))

  it.effect("a pong that takes 9 seconds is one, and does not shift the next ping", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), answersPings: false }
      const rig = yield* start(hub)
      yield* TestClock.adjust("39 seconds")
      yield* last(hub).say({ type: "pong", timestamp: 1 })
      yield* TestClock.adjust("20 seconds")
      expect(pings(hub)).toHaveLength(2)
      yield* TestClock.adjust("1 second")
      expect(pings(hub)).toHaveLength(3)
      expect(rig.logged("heartbeat_timeout")).toEqual([])
    }))

  it.effect("a ping that is rate limited is an answer: the link is not dead", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), answersPings: false }
      const rig = yield* start(hub)
      yield* TestClock.adjust("31 seconds")
      yield* last(hub).say({ type: "rate_limited", retry_after_ms: 1_000, tier: "light" })
      yield* TestClock.adjust("15 seconds")
      expect(last(hub).terminated).toBe(false)
      expect(rig.logged("heartbeat_timeout")).toEqual([])
      expect(rig.messages.at(-1)?.what).toEqual({ _tag: "RateLimited", retry_after_ms: 1_000, of_ping: true })
    }))

  it.effect("no pong in 10 seconds: terminated, and known to be half-open", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), answersPings: false }
      const rig = yield* start(hub)
      yield* TestClock.adjust(39_999)
      expect(last(hub).terminated).toBe(false)
      yield* TestClock.adjust(1)
      expect(hub.connections[0]).toMatchObject({ terminated: true, over: true })
      expect(rig.messages.at(-1)?.what).toEqual({ _tag: "Disconnected", half_open: true })
      expect(rig.logged("heartbeat_timeout")).toEqual([{ event: "heartbeat_timeout", after_ms: 10_000 }])
      expect(rig.timesOf("heartbeat_timeout")).toEqual([40_000])
      expect(rig.logged("ws_closed")).toEqual([{ event: "ws_closed", code: 1006, reason: "no pong within 10000 ms" }])
      yield* TestClock.adjust("1 second")
      expect(hub.connections).toHaveLength(2)
    }))

  it.effect("a later ping left unanswered is noticed like the first, and other frames are no pong", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* TestClock.adjust("95 seconds")
      hub.answersPings = false
      yield* TestClock.adjust("30 seconds")
      yield* last(hub).say({ type: "task_ack", task_id: "t", status: "accepted" })
      yield* TestClock.adjust("5 seconds")
      expect(rig.timesOf("heartbeat_timeout")).toEqual([130_000])
    }))

  it.effect("while something that arrived is unread the link is not dead, only we are slow", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), answersPings: false }
      const rig = yield* ready(hub)
      last(hub).unread = true
      yield* TestClock.adjust("100 seconds")
      expect(rig.logged("heartbeat_timeout")).toEqual([])
      last(hub).unread = false
      yield* TestClock.adjust("10 seconds") // the pong may come right after the unread frames
      expect(rig.logged("heartbeat_timeout")).toEqual([])
      yield* TestClock.adjust("10 seconds")
      expect(rig.logged("heartbeat_timeout")).toHaveLength(1)
    }))

  it.effect("any other end is not half-open", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* last(hub).close(1006, "reset")
      yield* TestClock.adjust(1)
      expect(rig.messages.at(-1)?.what).toEqual({ _tag: "Disconnected", half_open: false })
      expect(rig.logged("heartbeat_timeout")).toEqual([])
    }))
})

describe("leaving because we want to", () => {
  it.effect("closes, says why, and paces the next connection", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* rig.hub.reconnect("the hub lost us")
      yield* TestClock.adjust(1)
      expect(hub.connections[0]).toMatchObject({ over: true, terminated: false })
      expect(rig.logged("reconnecting")).toEqual([{ event: "reconnecting", reason: "the hub lost us" }])
      expect(rig.messages.at(-1)?.what).toEqual({ _tag: "Disconnected", half_open: false })
      yield* TestClock.adjust("1 second")
      expectDrawn((gaps(hub.attempts)[0] ?? 0) - 1, 1)
      expect(rig.tags().slice(-2)).toEqual(["Connected", "Identified"])
    }))

  it.effect("a hub that takes no data any more is left before our memory fills", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      last(hub).unsent_bytes = 32 * 1024 * 1024 + 1
      yield* rig.hub.send({ _tag: "AcceptTask", task })
      yield* TestClock.adjust(1)
      expect(rig.logged("ws_closed")).toEqual([
        { event: "ws_closed", code: 1000, reason: "the hub takes no more data" }
      ])
    }))
})

describe("what comes in", () => {
  const heard = Effect.fnUntraced(function*(...frames: ReadonlyArray<JsonObject>) {
    const hub = makeFakeHub()
    const rig = yield* ready(hub)
    yield* last(hub).say(...frames, { type: "task_cancelled", task_id: "the last" })
    yield* until(() => rig.tags().at(-1) === "TaskCancelled")
    rig.messages.pop()
    return { hub, rig, messages: rig.messages.slice(2).map(({ what }) => what) }
  })

  it.effect("is passed on in its order", () =>
    Effect.gen(function*() {
      const acks = Array.from({ length: 500 }, (_, index) => ({ type: "task_ack", task_id: `t${index}`, status: "x" }))
      const { messages } = yield* heard(...acks)
      expect(messages).toEqual(acks.map(({ task_id }) => ({ _tag: "TaskAcknowledged", task_id, status: "x" })))
    }))

  it.effect("an error after identified is a refusal for the rules", () =>
    Effect.gen(function*() {
      const { messages } = yield* heard({ type: "error", error: "task_complete_failed: not_found" })
      expect(messages).toEqual([
        { _tag: "HubRefused", error: "task_complete_failed: not_found", frame: null, unknown_type: false }
      ])
    }))

  it.effect("only our own agent_left means that the hub lost us", () =>
    Effect.gen(function*() {
      const { messages } = yield* heard(
        { type: "agent_left", agent_id: "another" },
        { type: "agent_left", agent_id: "agent-1" }
      )
      expect(messages).toEqual([{ _tag: "HubLostUs" }])
    }))

  it.effect("our own agent_left of the connection before, heard before identified, does not", () =>
    Effect.gen(function*() {
      const hub: FakeHub = { ...makeFakeHub(), identifying: "silent" }
      const rig = yield* ready(hub)
      yield* last(hub).say({ type: "agent_left", agent_id: "agent-1" }, { type: "identified", agent_id: "agent-1" })
      yield* TestClock.adjust(1)
      expect(rig.tags()).toEqual(["Connected", "Identified"])
    }))

  it.effect("a frame that does not decode is logged, shortened and without the token, and is not fatal", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* last(hub).push({ _tag: "Text", text: `{"x":"s3cret-token", ${"y".repeat(10_000)}` })
      yield* last(hub).push({ _tag: "Text", text: `${"z".repeat(195)}s3cret-token` })
      yield* last(hub).say({ type: "task_ack" }, { type: "task_reassign", task_id: "t" })
      yield* TestClock.adjust(1)
      const logged = rig.logged("frame_undecodable")
      expect(logged).toHaveLength(3)
      expect(JSON.stringify(rig.events)).not.toContain("s3cr")
      for (const event of logged) expect(JSON.stringify(event).length).toBeLessThan(400)
      expect(rig.tags()).toEqual(["Connected", "Identified", "TaskReassigned"])
    }))

  it.effect("a binary frame and a frame of an unknown type are logged and ignored, frames for others are ignored", () =>
    Effect.gen(function*() {
      const hub = makeFakeHub()
      const rig = yield* ready(hub)
      yield* last(hub).push({ _tag: "Binary", bytes: 3 })
      yield* last(hub).say({ type: "telepathy" }, { type: "room_message", text: "hi" })
      yield* TestClock.adjust(1)
      expect(rig.logged("frame_ignored")).toEqual([
        { event: "frame_ignored", type: "binary, 3 bytes" },
        { event: "frame_ignored", type: "telepathy" }
      ])
      expect(rig.tags()).toEqual(["Connected", "Identified"])
    }))

  const tooMuch = "x".repeat(max_sent_frame_bytes)
  let nested: JsonObject = {}
  for (let level = 0; level < 100_000; level++) nested = { nested }
  const unsendable: ReadonlyArray<readonly [string, JsonObject]> = [
    ["cannot be written as JSON", nested],
    ["is more than the hub takes in a frame", { tooMuch }]
  ]
  for (const [name, result] of unsendable) {
    it.effect(`an answer that ${name} is refused as the hub would, not sent`, () =>
      Effect.gen(function*() {
        const hub = makeFakeHub()
        const rig = yield* ready(hub)
        yield* rig.hub.send({ _tag: "SendReport", task, report: { _tag: "Complete", result, tokens_used: null } })
        yield* TestClock.adjust(1)
        expect(rig.messages.at(-1)?.what).toEqual(
          { _tag: "HubRefused", error: "invalid_json", frame: null, unknown_type: false }
        )
        expect(last(hub).sent).toHaveLength(1)
      }))
  }
})
