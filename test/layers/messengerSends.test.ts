import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { Outgoing } from "../../src/domain/messages/Outgoing.ts"
import type { JsonObject } from "../../src/domain/Work.ts"
import { hubTiming } from "../../src/hub/timing.ts"
import { proxyVariables, startProxy } from "../support/proxy.ts"
import { type Answer, buildMessenger, entry, us, withHub } from "./messengerRig.ts"

const outgoing: Outgoing = {
  key: "k-1",
  target: { _tag: "Agent", agent_id: "b" },
  type: "response",
  reply_to: "x",
  payload: { text: "one" }
}

const sent = { body: { id: "8e4b67fce64960c4", status: "sent" } }

describe("a message is sent", () => {
  const table: ReadonlyArray<
    readonly [what: string, change: Partial<Outgoing>, answer: Answer, url: string, body: object, hub_id: string | null]
  > = [
    [
      "to an agent",
      {},
      sent,
      "/api/message",
      { to: "b", type: "response", payload: { text: "one", agentcom_key: "k-1" }, reply_to: "x" },
      "8e4b67fce64960c4"
    ],
    [
      "to all",
      { target: { _tag: "All" }, reply_to: null },
      sent,
      "/api/message",
      { type: "response", payload: { text: "one", agentcom_key: "k-1" } },
      "8e4b67fce64960c4"
    ],
    [
      "to a channel, by the name that the hub keeps",
      { target: { _tag: "Channel", channel: "#Ops Team" } },
      { body: { seq: 1, status: "published" } },
      "/api/channels/opsteam/publish",
      { type: "response", payload: { text: "one", agentcom_key: "k-1" }, reply_to: "x" },
      null
    ],
    [
      "to the room",
      { target: { _tag: "Room" } },
      {
        status: 201,
        body: { from: us, seq: 1, text: "one", timestamp: 1_795_994_942_850, type: "response" }
      },
      "/api/room/message",
      { text: "one", type: "response" },
      "room-1-1795994942850"
    ],
    [
      "with a key of the agent's own, which is replaced",
      { payload: { agentcom_key: "theirs" } },
      sent,
      "/api/message",
      { to: "b", type: "response", payload: { agentcom_key: "k-1" }, reply_to: "x" },
      "8e4b67fce64960c4"
    ],
    [
      "and counts as sent whatever the answer says of it",
      {},
      { body: "ok" },
      "/api/message",
      { to: "b", type: "response", payload: { text: "one", agentcom_key: "k-1" }, reply_to: "x" },
      null
    ]
  ]

  it.live.each(table)("%s", ([, change, answer, url, body, hub_id]) =>
    Effect.gen(function*() {
      const { asked, events, messenger } = yield* withHub(() => answer)
      expect(yield* messenger.send({ ...outgoing, ...change })).toEqual({ _tag: "Sent", hub_id })
      expect(asked.map((one) => ({ ...one, body: JSON.parse(one.body) }))).toEqual([
        { method: "POST", url, token: "Bearer s3cret-token", body }
      ])
      expect(events).toEqual([])
    }))

  it.live("without the secrets that are known, and with a replacement for what the hub cannot read", () =>
    Effect.gen(function*() {
      const { asked, events, messenger } = yield* withHub(() => sent)
      yield* messenger.send({
        ...outgoing,
        target: { _tag: "Agent", agent_id: "s3cret-token" },
        type: "s3cret-token",
        reply_to: "s3cret-token",
        payload: { "s3cret-token": ["my s3cret-token", "lone \ud800"] }
      })
      expect(JSON.parse(asked[0]?.body ?? "")).toEqual({
        to: "<redacted>",
        type: "<redacted>",
        reply_to: "<redacted>",
        payload: { "<redacted>": ["my <redacted>", "lone \ufffd"], agentcom_key: "k-1" }
      })
      expect(events).toEqual([{ event: "secret_hidden", task_id: null, field: "payload", names: ["token"] }])
    }))
})

describe("a message that the hub does not take", () => {
  const validation = (field: string, detail: string) => ({
    error: "validation_failed",
    errors: [{ detail, error: "required", field }]
  })

  it.live.each(
    [
      [
        "is refused for a field",
        { status: 422, body: validation("payload", "field is required") },
        { _tag: "Refused", reason: "the hub refuses it: payload: field is required" }
      ],
      [
        "is refused by the room",
        { status: 422, body: { error: "text is required" } },
        { _tag: "Refused", reason: "the hub refuses it: text is required" }
      ],
      [
        "is refused for a channel that is missing",
        { status: 404, body: { error: "channel_not_found" } },
        { _tag: "Refused", reason: "the hub refuses it: channel_not_found" }
      ],
      [
        "is refused as too large",
        { status: 413, body: "" },
        { _tag: "Refused", reason: "the message is too large for the hub" }
      ],
      [
        "is refused without our token in the reason",
        { status: 422, body: { error: "bad s3cret-token" } },
        { _tag: "Refused", reason: "the hub refuses it: bad <redacted>" }
      ],
      ["waits where there are too many", { status: 429, body: { error: "rate_limited" } }, { _tag: "Limited" }],
      [
        "has failed where the token is not taken",
        { status: 401, body: { error: "unauthorized" } },
        { _tag: "Failed", reason: "the hub does not take the token (HTTP 401)" }
      ],
      ["has failed where the hub is broken", { status: 500, body: "" }, { _tag: "Failed", reason: "HTTP 500" }],
      ["has failed at a proxy", { status: 403, body: "<html>" }, { _tag: "Failed", reason: "HTTP 403" }],
      ["has failed at a redirect", { status: 302, body: "" }, { _tag: "Failed", reason: "HTTP 302" }]
    ] as const
  )("%s", ([, answer, outcome]) =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => answer)
      expect(yield* messenger.send(outgoing)).toEqual(outcome)
    }))

  /** How sending ends at a hub that gets the message and says nothing. */
  const sentToSilence = Effect.gen(function*() {
    const arrived = Promise.withResolvers<void>()
    const { messenger } = yield* withHub(() => {
      arrived.resolve()
      return null
    })
    const sending = yield* Effect.forkChild(messenger.send(outgoing))
    yield* Effect.promise(() => arrived.promise)
    yield* TestClock.adjust(hubTiming.lookup_timeout_ms)
    return yield* Fiber.join(sending)
  })
  const silence = { _tag: "Unknown", reason: "no answer within 10000 ms" }

  it.effect("may have come to it where no answer comes", () =>
    Effect.gen(function*() {
      expect(yield* sentToSilence).toEqual(silence)
    }))

  it.effect("may have come to it where no answer comes through a proxy", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy()
      yield* proxyVariables({ HTTP_PROXY: proxy.url })
      expect(yield* sentToSilence).toEqual(silence)
      expect(proxy.asked).toHaveLength(1)
    }))

  it.live("may have come to it where the connection is lost", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub((_, response) => {
        response.destroy()
        return null
      })
      expect(yield* messenger.send(outgoing)).toMatchObject({ _tag: "Unknown" })
    }))

  it.live.each(["http://127.0.0.1:1", "http://hub.invalid", "not an address"])(
    "has not come to one at %s",
    (address) =>
      Effect.gen(function*() {
        const { messenger } = yield* buildMessenger({ hub_api_url: address })
        expect(yield* messenger.send(outgoing)).toMatchObject({ _tag: "Failed" })
      })
  )

  it.live.each([["refuses", 403], ["says nothing", null]] as const)(
    "has not come to it where the proxy %s",
    ([, answer]) =>
      Effect.gen(function*() {
        const proxy = yield* startProxy({ answer })
        yield* proxyVariables({ HTTP_PROXY: proxy.url })
        const { asked, messenger } = yield* withHub(() => sent, { lookup_timeout_ms: answer === null ? 50 : 10_000 })
        expect(yield* messenger.send(outgoing)).toMatchObject({
          _tag: "Failed",
          reason: expect.stringContaining(proxy.shown)
        })
        expect(asked).toEqual([])
      })
  )

  it.live("is refused where it is nested too deeply to be written", () =>
    Effect.gen(function*() {
      let nested: JsonObject = {}
      for (let level = 0; level < 100_000; level++) nested = { nested }
      const { asked, messenger } = yield* withHub(() => ({ body: {} }))
      expect(yield* messenger.send({ ...outgoing, payload: nested })).toEqual({
        _tag: "Refused",
        reason: "the payload is nested too deeply"
      })
      expect(asked).toEqual([])
    }))
})

describe("whether the hub has a message", () => {
  const since = 5_000
  const ours = { payload: { text: "one", agentcom_key: "k-1" } }
  const stored = (fields: JsonObject) => ({ seq: 1, stored_at: 5, message: entry(1, fields) })
  const toRoom: Partial<Outgoing> = { target: { _tag: "Room" }, payload: { text: "hi s3cret-token \ud800" } }
  const said = (fields: JsonObject = {}) => ({
    from: us,
    seq: 1,
    text: "hi <redacted> \ufffd",
    timestamp: since,
    type: "chat",
    ...fields
  })
  const toChannel: Partial<Outgoing> = { target: { _tag: "Channel", channel: "#Ops" } }
  const historyUrl = "/api/messages?start_time=5000&from=agent-1&limit=200"
  const channelUrl = "/api/channels/ops/history?since=0&limit=200"
  const roomUrl = "/api/room/messages?since=0&limit=500"

  it.live.each<
    readonly [
      what: string,
      change: Partial<Outgoing>,
      messages: ReadonlyArray<JsonObject>,
      url: string,
      has: boolean
    ]
  >([
    ["its history says by our key", {}, [entry(1), entry(2, ours)], historyUrl, true],
    ["not, its history says", { key: "k-2" }, [entry(1), entry(2, ours)], historyUrl, false],
    ["its history says of one to all", { target: { _tag: "All" } }, [entry(2, ours)], historyUrl, true],
    ["a channel's history says", toChannel, [stored({}), stored(ours)], channelUrl, true],
    ["not, a channel's history says", toChannel, [stored({})], channelUrl, false],
    ["the room says by our name and the text that was sent", toRoom, [said()], roomUrl, true],
    ["not, the room says of another's", toRoom, [said({ from: "a" })], roomUrl, false],
    ["not, the room says of another text", toRoom, [said({ text: "hi" })], roomUrl, false],
    ["not, the room says of an earlier one", toRoom, [said({ timestamp: since - 1 })], roomUrl, false]
  ])("%s", ([, change, messages, url, has]) =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() => ({ body: { messages } }))
      expect(yield* messenger.lookUp({ ...outgoing, ...change }, since)).toBe(has)
      expect(asked.map((one) => one.url)).toEqual([url])
    }))

  it.live("is looked for in all of its history", () =>
    Effect.gen(function*() {
      const all = Array.from({ length: 450 }, (_, index) => entry(index + 1, index === 420 ? ours : {}))
      const { asked, messenger } = yield* withHub(({ url }) => {
        const cursor = Number(new URL(url, "http://hub").searchParams.get("cursor"))
        const messages = all.filter(({ seq }) => Number(seq) > cursor).slice(0, 200)
        return { body: { messages, cursor: messages.at(-1)?.["seq"] } }
      })
      expect(yield* messenger.lookUp(outgoing, since)).toBe(true)
      expect(asked).toHaveLength(3)
      expect(yield* messenger.lookUp({ ...outgoing, key: "k-2" }, since)).toBe(false)
    }))

  it.live("not, where the hub does not know the channel", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ status: 404, body: { error: "channel_not_found" } }))
      expect(yield* messenger.lookUp({ ...outgoing, ...toChannel }, since)).toBe(false)
    }))

  it.live.each([401, 429, 500])("is not known with HTTP %i", (status) =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ status, body: { error: "no" } }))
      for (const change of [{}, toChannel, toRoom]) {
        expect(yield* Effect.flip(messenger.lookUp({ ...outgoing, ...change }, since))).toMatchObject({
          reason: `HTTP ${status}`
        })
      }
    }))
})
