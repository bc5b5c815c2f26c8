import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Fate, Fates } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { nothingHeld, nothingKnown } from "../../src/domain/messages/Talk.ts"
import type { DeliveryEnd } from "../../src/services/MessageStore.ts"
import { parseExact } from "../../src/text/json.ts"
import {
  allSent,
  answer,
  batchOf,
  deliver,
  deliverNext,
  drop,
  hour_ms,
  hub_time,
  itStores,
  judgedAs,
  keep,
  messageOf,
  numbered,
  outgoingOf,
  pushed,
  second_ms,
  type Store,
  urgent
} from "./support.ts"

describe("an empty store", () => {
  itStores("holds nothing and knows nothing", (store) =>
    Effect.gen(function*() {
      expect(yield* store.open(null)).toEqual({ held: nothingHeld, known: nothingKnown, is_delivered: false })
      expect(yield* store.choose).toEqual({ ids: [], held_back: [], retry_at: null })
      expect((yield* store.next).queued).toBeNull()
      expect(yield* store.read(["m1"])).toEqual([])
    }))

  itStores("keeps how far the hub has been heard", (store) =>
    Effect.gen(function*() {
      for (
        const known of [
          { heard_until: 1_795_000_000_000.5, room: { seq: 7, sent_at: 8 }, channels: ["ops", "dev"] },
          nothingKnown
        ]
      ) {
        yield* store.know(known)
        expect((yield* store.open(null)).known).toEqual(known)
      }
    }))
})

describe("rule 16: what becomes of a message", () => {
  const rows: ReadonlyArray<readonly [string, Fate, string, string | null, number, number, number]> = [
    // fate, outcome, reason, waiting, outgoing, payloads that can be read
    ["is delivered", deliver, "waiting", null, 1, 0, 1],
    ["stays", keep, "kept", "it asks for nothing", 0, 0, 1],
    ["is remembered by its id alone", drop, "dropped", "message_rules", 0, 0, 0],
    ["is answered in the same step", answer, "answered", null, 0, 1, 1]
  ]
  for (const [title, fate, outcome, reason, waiting, outgoing, readable] of rows) {
    itStores(title, (store) =>
      Effect.gen(function*() {
        const { held, recorded } = yield* store.record([judgedAs(fate, "m1")])
        expect(recorded).toEqual([{ id: "m1", from: "ada", type: "note", outcome, reason }])
        expect(held).toMatchObject({ waiting, outgoing, pushed: null })
        expect(yield* store.read(["m1"])).toHaveLength(readable)
        const again = yield* store.record([judgedAs(deliver, "m1"), pushed({ direct: deliver, broadcast: drop }, "m1")])
        expect(again).toEqual({ held, recorded: [] })
      }))
  }

  itStores("comes back as it came, whatever is in it", (store) =>
    Effect.gen(function*() {
      const payload = {
        ...Object(parseExact(`{"n":123456789012345678901234567890,"m":-0.1e5}`)),
        odd: "é🦀\u0000\uD800"
      }
      const message = messageOf("m1", {
        payload,
        from: "a\u0000b'\"; --",
        way: "channel",
        channel: "général",
        sent_at: 1.5
      })
      yield* store.record([{ ...judgedAs(deliver, "m1"), message }])
      const [read] = yield* store.read(["m1"])
      expect(read).toMatchObject({ message: { ...message, payload: expect.anything() }, thread: "m1", again: false })
      expect(JSON.stringify(read?.message.payload)).toBe(
        `{"n":123456789012345678901234567890,"m":-10000,"odd":"é🦀\\u0000\\ud800"}`
      )
    }))

  itStores("is read in the order in which it is asked for", (store) =>
    Effect.gen(function*() {
      yield* store.record(["a", "b", "c"].map((id) => judgedAs(deliver, id)))
      const read = yield* store.read(["c", "a", "unknown", "b"])
      expect(read.map(({ message }) => message.id)).toEqual(["c", "a", "b"])
    }))

  itStores("tells when the first came that waits, by our clock", (store) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(5_000)
      yield* store.record([judgedAs(deliver, "m1")])
      yield* TestClock.setTime(6_000)
      const { held } = yield* store.record([judgedAs(urgent, "m2")])
      expect(held).toMatchObject({ waiting: 2, first_at: 5_000, urgent_at: 6_000 })
    }))

  itStores("what we said in the room is known by the id in the hub's answer", (store) =>
    Effect.gen(function*() {
      yield* store.queue([outgoingOf("k1", { target: { _tag: "Room" } })], { kind: "file", name: "a" })
      yield* store.sent("k1", { _tag: "Sent", hub_id: "room-1-5" })
      const { held, recorded } = yield* store.record([
        judgedAs(deliver, "room-1-5", { way: "room" }),
        judgedAs(deliver, "room-2-6", { way: "room" })
      ])
      expect(recorded).toMatchObject([{ outcome: "dropped", reason: "it is our own" }, { outcome: "waiting" }])
      expect(held.waiting).toBe(1)
    }))
})

describe("rule 16: what we said in the room ourselves", () => {
  itStores(
    "is no message for us when the room is read, but what another says in our name is",
    (store) =>
      Effect.gen(function*() {
        const toRoom = (key: string) => [outgoingOf(key, { target: { _tag: "Room" }, payload: { text: `by ${key}` } })]
        yield* store.queue(toRoom("k1"), { kind: "file", name: "a" })
        yield* store.sent("k1", { _tag: "Sent", hub_id: "room-1-1" })
        // What is read before the hub's answer comes, or in place of one that is lost, has no id that we know.
        yield* store.queue(toRoom("k2"), { kind: "file", name: "b" })
        yield* store.sent("k2", { _tag: "Sent", hub_id: null })
        const said = (id: string, own_text: string) => ({
          ...judgedAs(deliver, id, { way: "room", from: "us" }),
          own_text
        })
        const { held, recorded } = yield* store.record([
          said("room-1-1", "as the hub has it"),
          said("room-2-2", "by k2"),
          said("room-3-3", "by k3")
        ])
        expect(recorded.map(({ id, outcome }) => [id, outcome])).toEqual([
          ["room-1-1", "dropped"],
          ["room-2-2", "dropped"],
          ["room-3-3", "waiting"]
        ])
        expect(held.waiting).toBe(1)
      })
  )
})

describe("rule 16: a pushed message", () => {
  const fates: Fates = { direct: urgent, broadcast: keep }

  itStores("waits until its way is known", (store) =>
    Effect.gen(function*() {
      const { held, recorded } = yield* store.record([
        pushed(fates, "m1", { sent_at: hub_time + 5 }),
        pushed(fates, "m2")
      ])
      expect(recorded.map(({ outcome }) => outcome)).toEqual(["pushed", "pushed"])
      expect(held).toMatchObject({ waiting: 0, pushed: { from: hub_time, until: hub_time + 5 } })
      expect((yield* store.choose).ids).toEqual([])
    }))

  itStores(
    "is told apart by the history: those that it names are direct, the others broadcasts, later ones wait",
    (store) =>
      Effect.gen(function*() {
        yield* store.record([
          pushed(fates, "late", { sent_at: hub_time + 9 }),
          pushed(fates, "m2", { sent_at: hub_time + 2 }),
          pushed(fates, "m1", { sent_at: hub_time + 1 })
        ])
        yield* store.record([judgedAs(keep, "m1", { way: "direct" })])
        const { held, recorded } = yield* store.settle(hub_time + 2)
        expect(recorded.map(({ id, outcome }) => [id, outcome])).toEqual([["m2", "kept"]])
        expect(held).toMatchObject({ waiting: 1, urgent_at: 0, pushed: { from: hub_time + 9, until: hub_time + 9 } })
        const read = yield* store.read(["m1", "m2", "late"])
        expect(read.map(({ message }) => message.way)).toEqual(["direct", "broadcast", "pushed"])
        expect((yield* store.settle(hub_time + 2)).recorded).toEqual([])
      })
  )

  const rows: ReadonlyArray<readonly [string, Partial<InboxMessage>, Fate, string]> = [
    ["the mailbox, as a direct one", { way: "direct" }, keep, "waiting"],
    ["the history, as a broadcast", { way: "broadcast" }, deliver, "kept"],
    ["the history of a channel, of which nobody thought", { way: "channel", channel: "ops" }, drop, "dropped"]
  ]
  for (const [way, more, later, outcome] of rows) {
    itStores(`learns its way from ${way}`, (store) =>
      Effect.gen(function*() {
        yield* store.record([pushed(fates, "m1")])
        const { held, recorded } = yield* store.record([judgedAs(later, "m1", more)])
        expect(recorded).toMatchObject([{ id: "m1", outcome }])
        expect(held.pushed).toBeNull()
        const read = yield* store.read(["m1"])
        if (outcome === "dropped") expect(read).toEqual([])
        else expect(read).toMatchObject([{ message: more }])
        expect((yield* store.settle(hub_time)).recorded).toEqual([])
      }))
  }

  itStores("is answered once it is known to be direct", (store) =>
    Effect.gen(function*() {
      const { held } = yield* store.record([pushed({ direct: answer, broadcast: keep }, "m1")])
      expect(held.outgoing).toBe(0)
      const settled = yield* store.record([judgedAs(keep, "m1", { way: "direct" })])
      expect(settled).toMatchObject({ recorded: [{ outcome: "answered" }], held: { outgoing: 1, pushed: null } })
      expect((yield* store.next).queued).toEqual({
        outgoing: outgoingOf("pong-m1", { type: "pong", reply_to: "m1", payload: {} }),
        origin: { kind: "answer", name: "m1" },
        state: "queued",
        sent_after: null
      })
    }))
})

describe("rule 18: a thread is what we saw of reply_to", () => {
  itStores("whether the message that is answered is another's, our own, or unknown", (store) =>
    Effect.gen(function*() {
      yield* store.record([judgedAs(deliver, "m1"), judgedAs(deliver, "m2", { reply_to: "m1" })])
      yield* store.queue([outgoingOf("k1", { reply_to: "m2" }), outgoingOf("k2")], { kind: "file", name: "f" })
      expect(yield* allSent(store)).toEqual(["k1", "k2"])
      const threads = {
        "m1": "m1",
        "m2": "m1",
        "hub-k1": "m1", // in a thread of another
        "hub-k2": "hub-k2", // ours began the thread
        "elsewhere": "elsewhere"
      }
      for (const [reply_to, thread] of Object.entries(threads)) {
        yield* store.record([judgedAs(deliver, `to ${reply_to}`, { reply_to })])
        expect(yield* store.read([`to ${reply_to}`])).toMatchObject([{ thread }])
      }
    }))
})

describe("rules 18 and 23: what an hour allows", () => {
  /** When the wait of what waits may be shortened, after one more urgent message. */
  const urgentAt = (store: Store, from: string, id: string) =>
    Effect.map(store.record([judgedAs(urgent, id, { from })]), ({ held }) => held.urgent_at)

  itStores("a sender's messages shorten the wait only so often", (store) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(second_ms)
      for (const id of numbered(6)) expect(yield* urgentAt(store, "ada", `a${id}`)).toBe(second_ms)
      yield* deliverNext(store, "1")
      expect(yield* urgentAt(store, "ada", "a7")).toBeNull()
      expect(yield* urgentAt(store, "bob", "b1")).toBe(second_ms)
      yield* deliverNext(store, "2")
      yield* TestClock.setTime(second_ms + hour_ms)
      expect(yield* urgentAt(store, "ada", "a8")).toBe(second_ms + hour_ms)
    }))

  itStores("and all of them together no more than twenty times", (store) =>
    Effect.gen(function*() {
      for (const id of numbered(20)) expect(yield* urgentAt(store, `sender ${id}`, `m${id}`)).toBe(0)
      yield* deliverNext(store, "1")
      expect(yield* urgentAt(store, "another", "m21")).toBeNull()
    }))

  itStores("what is more than our answers may be is kept", (store) =>
    Effect.gen(function*() {
      yield* store.record([judgedAs(deliver, "m1")])
      const batch = batchOf("1", ["m1"])
      yield* store.begin(batch)
      yield* store.end(batch, { _tag: "Delivered", replies: [outgoingOf("reply-m1")] })
      yield* store.queue([outgoingOf("no answer")], { kind: "file", name: "f" })
      const { held, recorded } = yield* store.record([judgedAs(answer, "p1"), judgedAs(answer, "p2")])
      expect(recorded).toMatchObject([
        { id: "p1", outcome: "answered" },
        { id: "p2", outcome: "kept", reason: "2 answers were queued in the last hour" }
      ])
      expect(held.outgoing).toBe(3)
      yield* TestClock.adjust(hour_ms)
      expect(yield* store.record([judgedAs(answer, "p3")])).toMatchObject({ recorded: [{ outcome: "answered" }] })
    }), { answers: 2 })

  itStores("a sender's deliveries", (store) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(second_ms)
      yield* store.record([judgedAs(deliver, "m1"), judgedAs(deliver, "m2"), judgedAs(deliver, "m3")])
      expect(yield* deliverNext(store, "1")).toEqual(["m1", "m2"])
      expect(yield* store.choose).toEqual({
        ids: [],
        held_back: [{ limit: "sender", name: "ada", messages: 1, direct: true }],
        retry_at: second_ms + hour_ms
      })
      yield* TestClock.setTime(second_ms + hour_ms)
      expect((yield* store.choose).ids).toEqual(["m3"])
    }), { sender: 2 })

  itStores("what a clock that was set back leaves ahead counts for nothing", (store) =>
    Effect.gen(function*() {
      yield* TestClock.setTime(2 * hour_ms)
      yield* store.record([judgedAs(urgent, "m1"), judgedAs(answer, "p1")])
      expect(yield* deliverNext(store, "1")).toEqual(["m1"])
      yield* TestClock.setTime(hour_ms)
      const { held, recorded } = yield* store.record([judgedAs(urgent, "m2"), judgedAs(answer, "p2")])
      expect(held.urgent_at).toBe(hour_ms)
      expect(recorded).toMatchObject([{ outcome: "waiting" }, { outcome: "answered" }])
      expect((yield* store.choose).ids).toEqual(["m2"])
    }), { sender: 1, thread: 1, deliveries: 1, answers: 1, urgent_of_sender: 1 })

  itStores(
    "all deliveries, those that failed too, but not those that were postponed",
    (store) =>
      Effect.gen(function*() {
        yield* store.record([judgedAs(deliver, "m1")])
        const ends: ReadonlyArray<DeliveryEnd> = [{ _tag: "Postponed" }, { _tag: "Failed", reason: "it broke" }]
        for (const [index, end] of ends.entries()) {
          yield* TestClock.adjust(second_ms)
          const batch = batchOf(`${index}`, (yield* store.choose).ids)
          expect(batch.payload.message_ids).toEqual(["m1"])
          yield* store.begin(batch)
          yield* store.end(batch, end)
        }
        const held_back = [{ limit: "deliveries", name: "", messages: 1, direct: true }]
        expect(yield* store.choose).toEqual({ ids: [], held_back, retry_at: 2 * second_ms + hour_ms })
        yield* TestClock.adjust(hour_ms)
        expect((yield* store.choose).ids).toEqual(["m1"])
      }),
    { deliveries: 1 }
  )
})
