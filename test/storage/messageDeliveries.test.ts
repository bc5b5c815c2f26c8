import { describe, expect } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Outgoing, SendOutcome } from "../../src/domain/messages/Outgoing.ts"
import type { Batch } from "../../src/domain/Work.ts"
import type { DeliveryEnd, Queued } from "../../src/services/MessageStore.ts"
import { parseExact } from "../../src/text/json.ts"
import { batchOf, deliver, itStores, judgedAs, outgoingOf, payloadOf, type Store } from "./support.ts"

const failure: DeliveryEnd = { _tag: "Failed", reason: "it broke" }
const postponed: DeliveryEnd = { _tag: "Postponed" }

const largeNumber = Object(parseExact(`{"n":123456789012345678901234567890}`))

/** These wait, and the first batch of them is being delivered. */
const begun = Effect.fnUntraced(function*(store: Store, ids: ReadonlyArray<string>) {
  yield* store.record(ids.map((id) => judgedAs(deliver, id)))
  const batch = batchOf("1", (yield* store.choose).ids)
  return { batch, held: yield* store.begin(batch) }
})

const againOf = (store: Store, id: string) => Effect.map(store.read([id]), ([read]) => read?.again)

describe("rule 19: a delivery", () => {
  itStores("takes its messages out of those that wait, and is marked once", (store) =>
    Effect.gen(function*() {
      const { batch, held } = yield* begun(store, ["m1", "m2"])
      expect(batch.payload.message_ids).toEqual(["m1", "m2"])
      expect(held).toMatchObject({ waiting: 0, first_at: null })
      expect((yield* store.choose).ids).toEqual([])
      yield* store.begin(batch)
      expect(yield* againOf(store, "m1")).toBe(false)
    }))

  itStores("that succeeded queues its replies in the same step, each once", (store) =>
    Effect.gen(function*() {
      const { batch } = yield* begun(store, ["m1"])
      const end: DeliveryEnd = { _tag: "Delivered", replies: [outgoingOf("reply-m1"), outgoingOf("reply-m1")] }
      expect(yield* store.end(batch, end)).toMatchObject({ waiting: 0, outgoing: 1 })
      expect(yield* store.end(batch, end)).toMatchObject({ waiting: 0, outgoing: 1 })
      expect(yield* store.read(["m1"])).toMatchObject([{ again: false }])
    }))

  const ends: ReadonlyArray<readonly [string, DeliveryEnd, boolean]> = [
    ["failed is marked where it is delivered again", failure, true],
    ["was postponed never began", postponed, false]
  ]
  for (const [title, end, again] of ends) {
    itStores(`that ${title}`, (store) =>
      Effect.gen(function*() {
        const { batch } = yield* begun(store, ["m1"])
        expect(yield* store.end(batch, end)).toMatchObject({ waiting: 1, first_at: 0 })
        expect(yield* againOf(store, "m1")).toBe(again)
        yield* store.begin(batchOf("2", (yield* store.choose).ids))
        expect(yield* againOf(store, "m1")).toBe(again)
      }))
  }

  const unmarked: ReadonlyArray<readonly [DeliveryEnd, number, boolean]> = [
    [{ _tag: "Delivered", replies: [] }, 0, false],
    [failure, 1, true],
    [postponed, 1, false]
  ]
  for (const [end, waiting, again] of unmarked) {
    itStores(
      `whose beginning a full disk did not take ends all the same: ${end._tag}`,
      (store) =>
        Effect.gen(function*() {
          yield* store.record([judgedAs(deliver, "m1")])
          expect(yield* store.end(batchOf("1", ["m1"]), end)).toMatchObject({ waiting })
          expect(yield* againOf(store, "m1")).toBe(again)
        })
    )
  }

  itStores(
    "that keeps failing is halved until the one that breaks it is alone, and that one is stuck",
    (store) =>
      Effect.gen(function*() {
        yield* store.record(["a", "b", "bad", "c"].map((id) => judgedAs(deliver, id)))
        const batches: Array<string> = []
        for (let { ids } = yield* store.choose; ids.length > 0; { ids } = yield* store.choose) {
          const batch = batchOf(`${batches.push(ids.join(" "))}`, ids)
          yield* store.begin(batch)
          yield* store.end(batch, ids.includes("bad") ? failure : { _tag: "Delivered", replies: [] })
        }
        const three = (ids: string) => [ids, ids, ids]
        expect(batches).toEqual([...three("a b bad c"), "a b", ...three("bad c"), ...three("bad"), "c"])
        expect((yield* store.open(null)).held.waiting).toBe(0)
        expect(yield* store.read(["bad"])).toHaveLength(1)
      })
  )

  itStores("has only the beginning of a large payload in its batch", (store) =>
    Effect.gen(function*() {
      const payload = payloadOf(1024 * 1024)
      yield* store.record(["m1", "m2", "m3"].map((id) => judgedAs(deliver, id, { payload })))
      expect((yield* store.choose).ids).toEqual(["m1", "m2", "m3"])
    }))
})

describe("rule 19: after a restart the marks follow queue.json", () => {
  const rows: ReadonlyArray<readonly [string, Batch | null, ReadonlyArray<string>, boolean]> = [
    // the batch at work, what waits, whether the first message was delivered before
    ["the batch that was begun is at work", batchOf("1", ["m1", "m2"]), ["m3"], false],
    ["none is", null, ["m1", "m2", "m3"], true],
    ["one is that was not marked yet", batchOf("2", ["m3"]), ["m1", "m2"], true]
  ]
  for (const [title, at_work, waiting, again] of rows) {
    itStores(title, (store) =>
      Effect.gen(function*() {
        yield* begun(store, ["m1", "m2"])
        yield* store.record([judgedAs(deliver, "m3")])
        expect((yield* store.open(at_work)).held.waiting).toBe(waiting.length)
        expect((yield* store.choose).ids).toEqual(waiting)
        expect(yield* againOf(store, "m1")).toBe(again)
        if (at_work !== null) expect(yield* store.end(at_work, postponed)).toMatchObject({ waiting: 3 })
      }))
  }

  itStores(
    "one that has ended is at work there still: that is told, and its messages stay delivered",
    (store) =>
      Effect.gen(function*() {
        const { batch } = yield* begun(store, ["m1"])
        const end: DeliveryEnd = { _tag: "Delivered", replies: [outgoingOf("reply-m1")] }
        expect((yield* store.open(batch)).is_delivered).toBe(false)
        yield* store.end(batch, end)
        expect(yield* store.open(batch)).toMatchObject({ held: { waiting: 0, outgoing: 1 }, is_delivered: true })
        expect((yield* store.open(null)).held.waiting).toBe(0)
      })
  )
})

describe("rule 20: what we send", () => {
  itStores("is queued once by its key, in order, and comes back as it was", (store) =>
    Effect.gen(function*() {
      const targets: ReadonlyArray<Outgoing["target"]> = [
        { _tag: "Agent", agent_id: "ada" },
        { _tag: "Channel", channel: "ops" },
        { _tag: "Room" },
        { _tag: "All" }
      ]
      const all = targets.map((target, index) => outgoingOf(`k${index}`, { target, payload: largeNumber }))
      yield* store.queue(all, { kind: "file", name: "f" })
      expect(yield* store.queue([outgoingOf("k0")], { kind: "file", name: "g" })).toMatchObject({ outgoing: 4 })
      for (const { key, target } of all) {
        const next = (yield* store.next).queued
        expect(next).toMatchObject({ outgoing: { key, target, reply_to: null }, state: "queued" })
        expect(JSON.stringify(next?.outgoing.payload)).toBe(`{"n":123456789012345678901234567890}`)
        yield* store.sent(key, { _tag: "Sent", hub_id: null })
      }
      expect(yield* store.queue(all, { kind: "file", name: "f" })).toMatchObject({ outgoing: 0 })
    }))

  const rows: ReadonlyArray<readonly [SendOutcome, Queued["state"] | null]> = [
    [{ _tag: "Sent", hub_id: "h1" }, null],
    [{ _tag: "Refused", reason: "validation_failed" }, null],
    [{ _tag: "Limited" }, "queued"],
    [{ _tag: "Failed", reason: "500" }, "queued"],
    [{ _tag: "Unknown", reason: "no answer" }, "sending"]
  ]
  for (const [outcome, state] of rows) {
    itStores(`is ${state ?? "done"} after ${outcome._tag}`, (store) =>
      Effect.gen(function*() {
        yield* store.queue([outgoingOf("k1"), outgoingOf("k2")], { kind: "file", name: "f" })
        yield* store.sending("k1", 7)
        yield* store.sending("k1", 8)
        expect((yield* store.sent("k1", outcome)).outgoing).toBe(state === null ? 1 : 2)
        expect((yield* store.next).queued).toMatchObject(
          state === null
            ? { outgoing: { key: "k2" }, state: "queued", sent_after: null }
            : { outgoing: { key: "k1" }, state, sent_after: 7 }
        )
      }))
  }

  itStores("goes on with the one that is on its way", (store) =>
    Effect.gen(function*() {
      yield* store.queue([outgoingOf("k1"), outgoingOf("k2")], { kind: "file", name: "f" })
      yield* store.sending("k2", 7)
      expect((yield* store.next).queued).toMatchObject({ outgoing: { key: "k2" }, state: "sending" })
    }))
})
