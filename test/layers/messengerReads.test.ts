import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import type { ServerResponse } from "node:http"
import type { Reading } from "../../src/domain/messages/Talk.ts"
import type { JsonObject } from "../../src/domain/Work.ts"
import { asked_channels } from "../../src/hub/messages/readings.ts"
import { hubTiming, type Timing } from "../../src/hub/timing.ts"
import { message_bytes } from "../../src/protocol/messages.ts"
import type { Messenger, Page } from "../../src/services/Messenger.ts"
import { ca, eventually, startServer } from "./hubServer.ts"
import { type Answer, type Asked, buildMessenger, entry, listener, us, withHub } from "./messengerRig.ts"

const mailboxBody = (messages: ReadonlyArray<JsonObject>) => ({
  agent_id: us,
  count: messages.length,
  last_seq: messages.at(-1)?.["seq"] ?? 0,
  messages
})

const ids = ({ messages }: Page) => messages.map(({ id }) => id)

/** All pages of a reading. */
const pagesOf = Effect.fnUntraced(function*(messenger: Messenger["Service"], first: Reading) {
  const pages: Array<Page> = []
  for (let reading: Reading | null = first; reading !== null;) {
    const page: Page = yield* messenger.read(reading)
    pages.push(page)
    reading = page.next
  }
  return pages
})

const sinceOf = ({ url }: Asked): number => Number(new URL(url, "http://hub").searchParams.get("since"))

describe("the mailbox", () => {
  const mailbox: Reading = { _tag: "Mailbox", since: 0 }

  it.live("is asked for with the token, and tells its messages and the number that acknowledges them", () =>
    Effect.gen(function*() {
      const messages = [entry(8), entry(9, { to: null }), entry(10, { to: "broadcast" })]
      const { asked, messenger } = yield* withHub(() => ({ body: mailboxBody(messages) }))
      const page = yield* messenger.read(mailbox)
      expect(page.messages.map(({ id, way }) => [id, way])).toEqual([
        ["id-8", "direct"],
        ["id-9", "broadcast"],
        ["id-10", "broadcast"]
      ])
      expect(page).toMatchObject({ up_to: 10, next: null, is_full: false, left_out: 0, channels: null, room: null })
      expect(asked).toEqual([
        { method: "GET", url: "/api/mailbox/agent-1?since=0", token: "Bearer s3cret-token", body: "" }
      ])
    }))

  it.live("that is empty has nothing to acknowledge", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ body: { ...mailboxBody([]), last_seq: 200 } }))
      expect(yield* messenger.read(mailbox)).toMatchObject({ messages: [], up_to: null, next: null })
    }))

  it.live("is full with a hundred", () =>
    Effect.gen(function*() {
      const of = (count: number) => Array.from({ length: count }, (_, index) => entry(index + 1))
      const full = yield* withHub(() => ({ body: mailboxBody(of(100)) }))
      expect((yield* full.messenger.read(mailbox)).is_full).toBe(true)
      const room = yield* withHub(() => ({ body: mailboxBody(of(99)) }))
      expect((yield* room.messenger.read(mailbox)).is_full).toBe(false)
    }))

  it.live("leaves out and counts what is no message, and acknowledges it with the others", () =>
    Effect.gen(function*() {
      const odd = [entry(1), entry(2, { payload: "text" }), 7, entry(3), entry(4, { to: "another" })]
      const { messenger } = yield* withHub(() => ({ body: { messages: odd, last_seq: 4, count: 5 } }))
      const page = yield* messenger.read(mailbox)
      expect(ids(page)).toEqual(["id-1", "id-3"])
      expect(page).toMatchObject({ left_out: 3, up_to: 4, next: null })
    }))

  it.live("leaves out one that is too large, and acknowledges it though its number is not known", () =>
    Effect.gen(function*() {
      const messages = [entry(1), entry(2, { payload: { text: "x".repeat(message_bytes) } })]
      const { messenger } = yield* withHub(() => ({ body: mailboxBody(messages) }))
      const page = yield* messenger.read(mailbox)
      expect(ids(page)).toEqual(["id-1"])
      expect(page).toMatchObject({ left_out: 1, up_to: 2, next: null })
    }))

  it.live("of 12 messages of 4 MB comes in pages of 8 MiB, and no more of it is sent than a page needs", () =>
    Effect.gen(function*() {
      const text = "x".repeat(4_000_000)
      const sent: Array<number> = []
      const { messenger } = yield* withHub((asked, response) => {
        const all = Array.from({ length: 12 }, (_, index) => index + 1).filter((seq) => seq > sinceOf(asked))
        let next = 0
        const request = sent.push(0) - 1
        const more = (): void => {
          while (next < all.length && !response.destroyed) {
            const part = JSON.stringify(entry(all[next] ?? 0, { payload: { text } }))
            next++
            sent[request] = (sent[request] ?? 0) + part.length
            if (!response.write(`${next > 1 ? "," : ""}${part}`)) return
          }
          if (next === all.length) response.end("]}")
        }
        response.on("drain", more)
        response.write(`{"agent_id":"agent-1","count":${all.length},"last_seq":12,"messages":[`)
        more()
        return null
      })
      const pages = yield* pagesOf(messenger, mailbox)
      expect(pages.map(ids)).toEqual([
        ["id-1", "id-2"],
        ["id-3", "id-4"],
        ["id-5", "id-6"],
        ["id-7", "id-8"],
        ["id-9", "id-10"],
        ["id-11", "id-12"]
      ])
      expect(pages.map(({ up_to }) => up_to)).toEqual([2, 4, 6, 8, 10, 12])
      expect(pages[0]?.messages[0]?.payload["text"]).toBe(text)
      // What the system holds between the two sides counts as sent.
      expect(sent[0]).toBeLessThan(32_000_000)
    }))

  it.live("whose messages hold too many values together comes in more pages", () =>
    Effect.gen(function*() {
      const payload = { list: Array.from({ length: 100_000 }, () => 0) }
      const messages = [1, 2, 3].map((seq) => entry(seq, { payload }))
      const { messenger } = yield* withHub((asked) => ({
        body: mailboxBody(messages.filter(({ seq }) => Number(seq) > sinceOf(asked)))
      }))
      const pages = yield* pagesOf(messenger, mailbox)
      expect(pages.map(ids)).toEqual([["id-1", "id-2"], ["id-3"]])
    }))

  it.live("does not keep the sidecar reading where its numbers do not go up", () =>
    Effect.gen(function*() {
      const payload = { text: "x".repeat(5_000_000) }
      const messages = [entry(3, { payload }), entry(3, { payload })]
      const { messenger } = yield* withHub(() => ({ body: mailboxBody(messages) }))
      const first = yield* messenger.read(mailbox)
      expect(first.next).toEqual({ _tag: "Mailbox", since: 3 })
      expect(yield* Effect.flip(messenger.read({ _tag: "Mailbox", since: 3 }))).toMatchObject({
        reason: "the numbers of the entries do not go up"
      })
    }))

  it.live("tells a channel message from a broadcast that looks the same by the channel's history", () =>
    Effect.gen(function*() {
      const payload = { channel: "ops", n: 1 }
      const messages = [
        entry(1178, { id: "de335de4b11685d7", payload, to: null }),
        entry(1245, { id: "183b0139a6cc15a4", payload, to: null }),
        entry(1246, { id: "3c92dc0c01c6af56", payload, type: "task_assign" }),
        entry(1247, { payload: { channel: "gone" }, to: null })
      ]
      const { asked, messenger } = yield* withHub(({ url }) => {
        if (url.startsWith("/api/mailbox/")) return { body: mailboxBody(messages) }
        if (url.includes("/gone/")) return { status: 404, body: { error: "channel_not_found" } }
        const message = entry(0, { id: "de335de4b11685d7", payload: { channel: "secret", n: 1 }, to: null })
        return { body: { channel: "ops", messages: [{ message, seq: 1, stored_at: 1 }] } }
      })
      const page = yield* messenger.read(mailbox)
      expect(page.messages).toMatchObject([
        { way: "channel", channel: "ops", type: "chat", payload: { n: 1 } },
        { way: "broadcast", channel: null, type: "chat", payload },
        { way: "direct", channel: null, type: "task_assign", payload },
        { way: "broadcast", channel: null, type: "chat", payload: { channel: "gone" } }
      ])
      expect(page.messages[0]?.payload).toEqual({ n: 1 })
      expect(asked.map(({ url }) => url)).toEqual([
        "/api/mailbox/agent-1?since=0",
        "/api/channels/ops/history?since=0&limit=200",
        "/api/channels/gone/history?since=0&limit=200"
      ])
    }))

  it.live("is not read where a channel cannot be asked", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(({ url }) =>
        url.startsWith("/api/mailbox/")
          ? { body: mailboxBody([entry(1, { payload: { channel: "ops" }, to: null })]) }
          : { status: 404, body: "<h1>Not Found</h1>" }
      )
      expect(yield* Effect.flip(messenger.read(mailbox))).toMatchObject({ reason: "HTTP 404" })
    }))

  it.live("that names many channels comes in more pages, so that few are asked for each", () =>
    Effect.gen(function*() {
      const messages = Array.from(
        { length: asked_channels + 5 },
        (_, index) => entry(index + 1, { payload: { channel: `c-${index}` }, to: null })
      )
      const { asked, messenger } = yield* withHub((one) =>
        one.url.startsWith("/api/mailbox/")
          ? { body: mailboxBody(messages.filter(({ seq }) => Number(seq) > sinceOf(one))) }
          : { body: { messages: [] } }
      )
      const pages = yield* pagesOf(messenger, mailbox)
      expect(pages.map((page) => page.messages.length)).toEqual([asked_channels, 5])
      expect(asked).toHaveLength(2 + asked_channels + 5)
    }))

  it.live("is acknowledged up to a number", () =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() => ({ body: { status: "acked", up_to: 9 } }))
      yield* messenger.acknowledge(9)
      expect(asked).toEqual([
        { method: "POST", url: "/api/mailbox/agent-1/ack", token: "Bearer s3cret-token", body: `{"seq":9}` }
      ])
    }))

  it.live.each([201, 401, 422, 429, 500])("is not acknowledged by HTTP %i", (status) =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ status, body: {} }))
      expect(yield* Effect.flip(messenger.acknowledge(9))).toMatchObject({ reason: `HTTP ${status}` })
    }))
})

describe("the history", () => {
  const history: Reading = { _tag: "History", start: 1_000.7, end: null, cursor: null, to_us: false, why: "gap" }
  const answer = (messages: ReadonlyArray<JsonObject>) => ({
    body: { messages, cursor: messages.at(-1)?.["seq"] ?? 0, count: messages.length }
  })

  it.live("is asked for whole numbers, and tells what is to us or to all", () =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() =>
        answer([entry(1), entry(2, { to: "another" }), entry(3, { to: null })])
      )
      const page = yield* messenger.read(history)
      expect(ids(page)).toEqual(["id-1", "id-3"])
      expect(page).toMatchObject({ next: null, up_to: null, left_out: 0 })
      yield* messenger.read({ ...history, end: 2_000, cursor: 7, to_us: true, why: "ways" })
      expect(asked.map(({ url }) => url)).toEqual([
        "/api/messages?start_time=1000&limit=200",
        "/api/messages?start_time=1000&end_time=2000&to=agent-1&cursor=7&limit=200"
      ])
    }))

  it.live("goes on behind an answer that is full", () =>
    Effect.gen(function*() {
      const all = Array.from({ length: 450 }, (_, index) => entry(index + 1, { to: index % 100 === 0 ? us : "c" }))
      const { messenger } = yield* withHub(({ url }) => {
        const cursor = Number(new URL(url, "http://hub").searchParams.get("cursor"))
        return answer(all.filter(({ seq }) => Number(seq) > cursor).slice(0, 200))
      })
      const pages = yield* pagesOf(messenger, history)
      expect(pages.map(ids)).toEqual([["id-1", "id-101"], ["id-201", "id-301"], ["id-401"]])
      expect(pages[0]?.next).toEqual({ ...history, cursor: 200 })
    }))
})

describe("the room", () => {
  const said = (seq: number, text = `n${seq}`) => ({ from: "a", seq, text, timestamp: 5_000 + seq, type: "chat" })

  it.live("tells what was said in it, and the last of that", () =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() => ({ body: { last_seq: 5, messages: [said(4), said(5)] } }))
      const page = yield* messenger.read({ _tag: "Room", since: 3 })
      expect(ids(page)).toEqual(["room-4-5004", "room-5-5005"])
      expect(page).toMatchObject({ room: { seq: 5, sent_at: 5_005 }, next: null, up_to: null })
      expect(asked[0]?.url).toBe("/api/room/messages?since=3&limit=500")
    }))

  it.live("with much text comes in pages, and tells the last of each", () =>
    Effect.gen(function*() {
      const all = [1, 2, 3].map((seq) => said(seq, "x".repeat(5_000_000)))
      const { messenger } = yield* withHub((asked) => ({
        body: { last_seq: 3, messages: all.filter(({ seq }) => seq > sinceOf(asked)) }
      }))
      const pages = yield* pagesOf(messenger, { _tag: "Room", since: 0 })
      expect(pages.map(({ room }) => room?.seq)).toEqual([1, 2, 3])
    }))

  it.live("where nothing was said has no last", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ body: { last_seq: 3, messages: [] } }))
      expect(yield* messenger.read({ _tag: "Room", since: 3 })).toMatchObject({ messages: [], room: null })
    }))
})

describe("a channel", () => {
  const stored = (seq: number, fields: JsonObject = {}) => ({ seq, stored_at: 5, message: entry(seq, fields) })

  it.live("tells its history, and an odd name cannot leave its path", () =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() => ({ body: { messages: [stored(1)] } }))
      const reading: Reading = { _tag: "ChannelHistory", channel: "../#Ops?x", since: 0 }
      expect((yield* messenger.read(reading)).messages).toMatchObject([{ id: "id-1", way: "channel" }])
      expect(asked[0]?.url).toBe("/api/channels/opsx/history?since=0&limit=200")
    }))

  it.live("that the hub does not know has no messages", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub(() => ({ status: 404, body: { error: "channel_not_found" } }))
      const page = yield* messenger.read({ _tag: "ChannelHistory", channel: "ops", since: 0 })
      expect(page).toMatchObject({ messages: [], next: null })
    }))

  it.live("is one of those that the hub has us subscribed to", () =>
    Effect.gen(function*() {
      const { asked, messenger } = yield* withHub(() => ({ body: { agent_id: us, channels: ["ops", ""] } }))
      expect((yield* messenger.read({ _tag: "Subscriptions" })).channels).toEqual(["ops", ""])
      expect(asked[0]?.url).toBe("/api/agents/agent-1/subscriptions")
    }))
})

describe("the hub is unread", () => {
  const readings: ReadonlyArray<Reading> = [
    { _tag: "Mailbox", since: 0 },
    { _tag: "History", start: 0, end: null, cursor: null, to_us: false, why: "gap" },
    { _tag: "Room", since: 0 },
    { _tag: "ChannelHistory", channel: "ops", since: 0 },
    { _tag: "Subscriptions" }
  ]
  const odd: ReadonlyArray<readonly [what: string, answer: Answer, reason: RegExp]> = [
    ["unauthorized", { status: 401, body: { error: "unauthorized" } }, /^HTTP 401/],
    ["limited", { status: 429, body: { error: "rate_limited" } }, /^HTTP 429/],
    ["broken", { status: 500, body: "" }, /^HTTP 500/],
    ["another server", { status: 404, body: "<h1>Not Found</h1>" }, /^HTTP 404/],
    ["a page", { body: "<html>" }, /^HTTP 200 with a body that is no list/],
    ["a list of another name", { body: { agents: [] } }, /^HTTP 200 with a body that is no list/],
    ["an end that is missing", { body: `{"messages":[],"channels":[` }, /^HTTP 200 with a body that is no list/]
  ]

  describe.each(readings)("for $_tag", (reading) => {
    it.live.each(odd)("%s", ([, answer, reason]) =>
      Effect.gen(function*() {
        const { messenger } = yield* withHub(() => answer)
        expect(yield* Effect.flip(messenger.read(reading))).toMatchObject({ reason: expect.stringMatching(reason) })
      }))

    it.live("where it says nothing, and the request is given up in time", () =>
      Effect.gen(function*() {
        let closed = false
        const { messenger } = yield* withHub((_, response) => {
          response.on("close", () => closed = true)
          return null
        }, { lookup_timeout_ms: 50 })
        expect(yield* Effect.flip(messenger.read(reading))).toMatchObject({ reason: "no answer within 50 ms" })
        yield* eventually(() => closed)
      }))

    it.live("where the answer is cut in the middle", () =>
      Effect.gen(function*() {
        const { messenger } = yield* withHub((_, response) => {
          response.writeHead(200, { "content-length": "100000" })
          response.write(`{"messages":[${JSON.stringify(entry(1))},`, () => response.destroy())
          return null
        })
        expect(yield* Effect.flip(messenger.read(reading))).toMatchObject({ reason: "aborted" })
      }))

    it.live("where nobody is there", () =>
      Effect.gen(function*() {
        const { messenger } = yield* buildMessenger({ hub_api_url: "http://127.0.0.1:1" })
        expect(yield* Effect.flip(messenger.read(reading))).toMatchObject({
          reason: expect.stringContaining("ECONNREFUSED")
        })
      }))
  })

  it.live("where an answer falls silent", () =>
    Effect.gen(function*() {
      const { messenger } = yield* withHub((_, response) => {
        response.write(`{"messages":[${JSON.stringify(entry(1))},`)
        return null
      }, { lookup_timeout_ms: 50 })
      expect(yield* Effect.flip(messenger.read({ _tag: "Mailbox", since: 0 }))).toMatchObject({
        reason: "no answer within 50 ms"
      })
    }))
})

describe("a slow answer", () => {
  const mailbox: Reading = { _tag: "Mailbox", since: 0 }

  /** A reading under way, and the answer to it, which has begun with one message. */
  const slowly = Effect.fnUntraced(function*(timing: Partial<Timing>) {
    const asked = Promise.withResolvers<ServerResponse>()
    const { messenger } = yield* withHub((_, response) => {
      asked.resolve(response)
      return null
    }, timing)
    const reading = yield* Effect.forkChild(messenger.read(mailbox))
    const response = yield* Effect.promise(() => asked.promise)
    response.write(`{"messages":[${JSON.stringify(entry(1))},`)
    return { reading, response }
  })

  const much = { entries: 24, entry: `"${"x".repeat(1024 * 1024)}",` }

  /** Sends more than the system holds between the two sides, so that what came before it has been read. */
  const sendMuch = (response: ServerResponse) =>
    Effect.promise(async () => {
      const gone = new Promise<never>((_, reject) => response.once("close", () => reject(new Error("it was given up"))))
      for (let sent = 0; sent < much.entries; sent++) {
        await Promise.race([gone, new Promise<void>((resolve) => response.write(much.entry, () => resolve()))])
      }
    })

  it.effect("is read to its end while the hub is not silent", () =>
    Effect.gen(function*() {
      const { reading, response } = yield* slowly({})
      for (let time = 0; time < 3; time++) {
        yield* sendMuch(response)
        yield* TestClock.adjust(hubTiming.lookup_timeout_ms - 1)
      }
      response.end(`${JSON.stringify(entry(2))}]}`)
      const page = yield* Fiber.join(reading)
      expect(ids(page)).toEqual(["id-1", "id-2"])
      expect(page).toMatchObject({ left_out: 3 * much.entries, next: null })
    }))

  it.effect("is used as far as it came if it takes too long in all", () =>
    Effect.gen(function*() {
      const { reading, response } = yield* slowly({ lookup_timeout_ms: 2 * hubTiming.reading_ms })
      yield* sendMuch(response)
      yield* TestClock.adjust(hubTiming.reading_ms)
      const page = yield* Fiber.join(reading)
      expect(ids(page)).toEqual(["id-1"])
      expect(page).toMatchObject({ up_to: 1, next: { _tag: "Mailbox", since: 1 } })
    }))
})

it.live("the hub is read over TLS with the configured authority", () =>
  Effect.gen(function*() {
    const onRequest = listener([], () => ({ body: mailboxBody([entry(1)]) }))
    const server = yield* startServer({ secure: true, onRequest })
    const trusting = yield* buildMessenger({ ...server, tls_ca: ca })
    expect(ids(yield* trusting.messenger.read({ _tag: "Mailbox", since: 0 }))).toEqual(["id-1"])
    const doubting = yield* buildMessenger(server)
    yield* Effect.flip(doubting.messenger.read({ _tag: "Mailbox", since: 0 }))
  }))
