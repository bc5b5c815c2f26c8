import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as channels from "../../src/dev/channels.ts"
import type { DevHub } from "../../src/dev/DevHub.ts"
import * as mailbox from "../../src/dev/mailbox.ts"
import { compose } from "../../src/dev/messages.ts"
import { ask, call, hubWith, join, next, records, typesSoFar } from "./harness.ts"

describe("a channel", () => {
  const hub = records()
  mailbox.put(hub, "b", compose(hub, "a", { to: "b", payload: { text: "direct" } }, "type", 0))
  channels.create(hub, "ops", "", 0)
  const ops = channels.find(hub, "#OPS")
  if (ops === undefined) throw new Error("there is no channel ops")
  channels.subscribe(hub, ops, "b", 0)
  for (let n = 1; n <= 250; n++) channels.publish(hub, ops, compose(hub, "a", { payload: { n } }, "type", n), n)

  it("fills the mailbox of an absent subscriber, and pushes out the direct message before", () => {
    const { count, messages } = mailbox.read(hub, "b", 0)
    expect([count, messages[0]?.payload]).toEqual([100, { channel: "ops", n: 151 }])
  })

  const questions = [
    [0, 3, [248, 249, 250]],
    [249, 50, [250]],
    [0, -2, [51, 52]],
    [0, 0, []]
  ] as const
  it.each(questions)("asked for what is after %d with the limit %d answers %o", (since, limit, seqs) => {
    expect(channels.read(ops, since, limit).map(({ seq }) => seq)).toEqual(seqs)
  })

  it("keeps its last 200 messages", () => expect(channels.read(ops, 0, 500)).toHaveLength(200))
})

const ops = { name: "#Ops", description: "x" }

const subscriptions = (hub: DevHub, agentId: string) =>
  Effect.map(call(hub, "GET", `/api/agents/${agentId}/subscriptions`, "token a"), ([, body]) => body)

/** A hub with the channel, to which `b` listens. */
const listening = Effect.gen(function*() {
  const hub = yield* hubWith()
  yield* call(hub, "POST", "/api/channels", "token a", ops)
  const b = yield* join(hub, "b")
  yield* ask(b, { type: "channel_subscribe", channel: "ops" })
  return { hub, b }
})

describe("a channel by HTTP", () => {
  it.live("shows what it is and, without a token, what was said in it", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      expect(yield* call(hub, "GET", "/api/channels/ops")).toEqual([404, { error: "channel_not_found" }])
      expect((yield* call(hub, "GET", "/api/channels/ops/history"))[0]).toBe(404)
      yield* call(hub, "POST", "/api/channels", "token a", ops)
      expect(yield* call(hub, "GET", "/api/channels/OPS")).toEqual([200, {
        name: "ops",
        description: "x",
        subscriber_count: 0,
        created_at: expect.any(Number)
      }])
      for (const n of [1, 2, 3]) yield* call(hub, "POST", "/api/channels/ops/publish", "token a", { payload: { n } })
      expect((yield* call(hub, "GET", "/api/channels/ops/history?since=1&limit=1"))[1]).toMatchObject({
        count: 1,
        messages: [{ seq: 3, message: { from: "a", payload: { n: 3 } } }]
      })
      expect((yield* call(hub, "GET", "/api/channels/ops/history?limit=x"))[0]).toBe(500)
    }))

  it.live("is left for the mailbox at once, and for a connection that listens with its end", () =>
    Effect.gen(function*() {
      const { b, hub } = yield* listening
      expect(yield* subscriptions(hub, "b")).toEqual({ agent_id: "b", channels: ["ops"] })
      expect(yield* call(hub, "POST", "/api/channels/ops/unsubscribe", "token b")).toEqual([200, {
        channel: "ops",
        status: "unsubscribed"
      }])
      expect(yield* subscriptions(hub, "b")).toEqual({ agent_id: "b", channels: [] })
      yield* call(hub, "POST", "/api/channels/ops/publish", "token a", { payload: {} })
      expect(yield* typesSoFar(b)).toEqual(["channel_message"])
      expect((yield* call(hub, "GET", "/api/mailbox/b", "token b"))[1]).toMatchObject({ count: 0 })
    }))

  it.live("tells its listeners who subscribes, once", () =>
    Effect.gen(function*() {
      const { b, hub } = yield* listening
      for (const _ of [1, 2]) yield* call(hub, "POST", "/api/channels/ops/subscribe", "token c")
      expect(yield* b.drain).toEqual([{ type: "channel_agent_joined", channel: "ops", agent_id: "c" }])
    }))
})

describe("a kill of the hub", () => {
  it.live("loses the channels and subscriptions of the last seconds, and none that are older", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* call(hub, "POST", "/api/channels", "token a", { name: "old" })
      yield* call(hub, "POST", "/api/channels/old/subscribe", "token b")
      yield* hub.advance(5000)
      yield* call(hub, "POST", "/api/channels", "token a", { name: "young" })
      for (const name of ["old", "young"]) yield* call(hub, "POST", `/api/channels/${name}/subscribe`, "token c")
      const a = yield* join(hub, "a")
      yield* hub.kill
      expect((yield* a.closed).code).toBe(1006)
      expect((yield* call(hub, "GET", "/api/channels/young"))[0]).toBe(404)
      expect(yield* subscriptions(hub, "b")).toEqual({ agent_id: "b", channels: ["old"] })
      expect(yield* subscriptions(hub, "c")).toEqual({ agent_id: "c", channels: [] })
    }))

  it.live("is not a restart, which saves them", () =>
    Effect.gen(function*() {
      const hub = yield* hubWith()
      yield* call(hub, "POST", "/api/channels", "token a", ops)
      yield* call(hub, "POST", "/api/channels/ops/subscribe", "token b")
      yield* hub.restart
      const b = yield* join(hub, "b")
      yield* call(hub, "POST", "/api/channels/ops/publish", "token a", { payload: { n: 1 } })
      expect(yield* next(b, "channel_message")).toMatchObject({ payload: { n: 1 } })
    }))
})
