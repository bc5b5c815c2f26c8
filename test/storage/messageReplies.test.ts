import { describe, expect } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import type { Fate } from "../../src/domain/messages/Fate.ts"
import type { Outgoing } from "../../src/domain/messages/Outgoing.ts"
import { listed_messages } from "../../src/storage/messages/listing.ts"
import {
  batchOf,
  deliver,
  deliverNext,
  drop,
  itStores,
  judgedAs,
  keep,
  messageOf,
  numbered,
  outgoingOf,
  pushed,
  second_ms,
  type Store
} from "./support.ts"

const wait_ms = 10 * second_ms

/** A message of ours whose writer awaits the reply. */
const asked = Effect.fnUntraced(function*(store: Store, more: Partial<Outgoing> = {}) {
  const now = yield* Clock.currentTimeMillis
  yield* store.queue([outgoingOf("k1", more)], { kind: "file", name: "a" }, now + wait_ms)
})

const sent = (store: Store) => store.sent("k1", { _tag: "Sent", hub_id: "h1" })

const reply = { reply_to: "h1" }

describe("a reply that is awaited", () => {
  itStores("is handed over once, and is not delivered", (store) =>
    Effect.gen(function*() {
      yield* asked(store)
      yield* sent(store)
      const { held } = yield* store.record([judgedAs(deliver, "r1", reply)])
      expect(held.waiting).toBe(1)
      expect(yield* store.awaited).toEqual({ awaited_by: "a", reply: messageOf("r1", reply) })
      expect((yield* store.handedOver("r1")).waiting).toBe(0)
      expect(yield* store.awaited).toBeNull()
      expect((yield* store.choose).ids).toEqual([])
    }))

  itStores("is the first one only", (store) =>
    Effect.gen(function*() {
      yield* asked(store)
      yield* sent(store)
      yield* store.record([judgedAs(deliver, "r1", reply), judgedAs(deliver, "r2", reply)])
      yield* store.handedOver("r1")
      expect(yield* store.awaited).toBeNull()
      expect((yield* store.choose).ids).toEqual(["r2"])
    }))

  itStores("may come before the hub has told the id of the message", (store) =>
    Effect.gen(function*() {
      yield* asked(store)
      yield* store.record([judgedAs(deliver, "r1", reply)])
      expect(yield* store.awaited).toBeNull()
      yield* sent(store)
      expect(yield* store.awaited).toMatchObject({ reply: { id: "r1" } })
    }))

  itStores("is found again after a crash, until it was handed over", (store) =>
    Effect.gen(function*() {
      yield* asked(store)
      yield* sent(store)
      yield* store.record([judgedAs(deliver, "r1", reply)])
      yield* store.open(null)
      expect(yield* store.awaited).toMatchObject({ reply: { id: "r1" } })
    }))

  const waysOfComing: ReadonlyArray<readonly [string, (store: Store) => Effect.Effect<unknown, unknown>]> = [
    ["asks for nothing", (store) => store.record([judgedAs(keep, "r1", reply)])],
    [
      "was pushed, and may be a broadcast",
      (store) => store.record([pushed({ direct: deliver, broadcast: keep }, "r1", reply)])
    ]
  ]
  for (const [title, come] of waysOfComing) {
    itStores(`may be one that ${title}`, (store) =>
      Effect.gen(function*() {
        yield* asked(store)
        yield* sent(store)
        yield* come(store)
        expect(yield* store.awaited).toMatchObject({ reply: { id: "r1" } })
        expect((yield* store.handedOver("r1")).pushed).toBeNull()
      }))
  }

  const others: ReadonlyArray<readonly [string, Fate, object, Partial<Outgoing>]> = [
    ["that answers another message", deliver, { reply_to: "h2" }, {}],
    ["of another agent than the receiver", deliver, { ...reply, from: "eve" }, {}],
    ["that is dropped", drop, reply, {}]
  ]
  for (const [title, fate, message, outgoing] of others) {
    itStores(`is none ${title}`, (store) =>
      Effect.gen(function*() {
        yield* asked(store, outgoing)
        yield* sent(store)
        yield* store.record([judgedAs(fate, "r1", message)])
        expect(yield* store.awaited).toBeNull()
      }))
  }

  itStores("is that of anybody, if the message went to a channel", (store) =>
    Effect.gen(function*() {
      yield* asked(store, { target: { _tag: "Channel", channel: "ops" } })
      yield* sent(store)
      yield* store.record([judgedAs(deliver, "r1", { ...reply, from: "eve" })])
      expect(yield* store.awaited).toMatchObject({ awaited_by: "a", reply: { from: "eve" } })
    }))

  itStores("is delivered like others when its time is over", (store) =>
    Effect.gen(function*() {
      yield* asked(store)
      yield* sent(store)
      yield* TestClock.adjust(wait_ms + 1)
      yield* store.record([judgedAs(deliver, "r1", reply)])
      expect(yield* store.awaited).toBeNull()
      expect((yield* store.choose).ids).toEqual(["r1"])
    }))
})

itStores(
  "what the agent has answered by a file is known; what a batch or tier 0 answered is not meant",
  (store) =>
    Effect.gen(function*() {
      const kinds = ["file", "batch", "answer"] as const
      for (const kind of kinds) yield* store.queue([outgoingOf(kind, { reply_to: `to-${kind}` })], { kind, name: kind })
      expect(yield* store.answered(["to-file", "to-batch", "to-answer", "other"])).toEqual(new Set(["to-file"]))
    })
)

itStores("the message that is sent next tells who gave it", (store) =>
  Effect.gen(function*() {
    yield* asked(store)
    expect((yield* store.next).queued).toMatchObject({ origin: { kind: "file", name: "a" } })
  }))

describe("the list of the inbox", () => {
  const idsOf = (store: Store, all: boolean) =>
    Effect.map(store.list(all), ({ messages }) => messages.map(({ id, state }) => `${id} ${state}`))

  itStores("has what came, the newest last, and with all what was delivered", (store) =>
    Effect.gen(function*() {
      yield* store.record([judgedAs(deliver, "m1")])
      yield* deliverNext(store, "1")
      yield* store.record([
        judgedAs(keep, "m2"),
        judgedAs(drop, "m3"),
        judgedAs(deliver, "m4"),
        judgedAs(deliver, "m5")
      ])
      yield* store.begin(batchOf("2", ["m5"]))
      expect(yield* idsOf(store, false)).toEqual(["m2 kept", "m3 dropped", "m4 waiting", "m5 delivering"])
      expect(yield* idsOf(store, true)).toEqual([
        "m1 delivered",
        "m2 kept",
        "m3 dropped",
        "m4 waiting",
        "m5 delivering"
      ])
      expect((yield* store.list(false)).held.waiting).toBe(1)
    }))

  itStores("shows the text, else the payload, and why", (store) =>
    Effect.gen(function*() {
      const payloads = [{ text: "hi" }, { n: 1 }, { text: { deep: true } }]
      yield* store.record(payloads.map((payload, n) => judgedAs(keep, `m${n}`, { payload })))
      const { messages } = yield* store.list(false)
      expect(messages.map(({ said }) => said)).toEqual(["hi", `{"n":1}`, `{"deep":true}`])
      expect(messages[0]).toMatchObject({ way: "direct", from: "ada", type: "note", reason: "it asks for nothing" })
    }))

  itStores("is bounded, and so is all that others chose", (store) =>
    Effect.gen(function*() {
      const long = "x".repeat(10_000)
      const more = { from: long, type: long, payload: { text: long } }
      yield* store.record(numbered(listed_messages + 1).map((n) => judgedAs(keep, `m${n}${long}`, more)))
      const { messages } = yield* store.list(false)
      expect(messages).toHaveLength(listed_messages)
      expect(messages[0]?.id.startsWith("m1x")).toBe(true)
      expect(JSON.stringify(messages[0]).length).toBeLessThan(1_000)
    }))
})
