import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import type { Fate } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { makeForget, remembered, remembered_at_most, remembered_ms } from "../../src/storage/messages/forget.ts"
import type { InboxSize } from "../../src/storage/messages/room.ts"
import { openDatabase } from "../../src/storage/messages/schema.ts"
import {
  deliver,
  deliverNext,
  drop,
  hub_time,
  itStores,
  judgedAs,
  keep,
  numbered,
  payloadOf,
  pushed,
  type Store
} from "./support.ts"

describe("rule 24: a full inbox", () => {
  const size: InboxSize = { messages: 5, bytes: 6_400 }

  /** One of which four take the room but a sixty-fourth, which is given up at once. */
  const large = (fate: Fate, id: string) => judgedAs(fate, id, { payload: payloadOf(size.bytes * 63 / 64 / 4) })
  const huge = (fate: Fate, id: string, more: Partial<InboxMessage> = {}) =>
    judgedAs(fate, id, { payload: payloadOf(size.bytes), ...more })

  const itIsFull = (title: string, test: (store: Store) => Effect.Effect<void, unknown>) =>
    itStores(title, test, {}, size)

  itIsFull("leaves out what is more than may wait, and takes what does not wait", (store) =>
    Effect.gen(function*() {
      yield* store.record(numbered(size.messages - 1).map((index) => judgedAs(deliver, `m${index}`)))
      const { held, recorded } = yield* store.record([
        pushed({ direct: deliver, broadcast: keep }, "last"),
        judgedAs(deliver, "more", { sent_at: hub_time + 2 }),
        pushed({ direct: keep, broadcast: keep }, "pushed", { sent_at: hub_time + 1 }),
        judgedAs(keep, "kept"),
        judgedAs(drop, "dropped")
      ])
      expect(recorded.map(({ outcome }) => outcome)).toEqual(["pushed", "left_out", "left_out", "kept", "dropped"])
      expect(recorded[1]?.reason).toBe("the inbox is full")
      expect(held).toMatchObject({ waiting: size.messages - 1, missed_from: hub_time + 1 })
      yield* deliverNext(store, "1")
      const later = yield* store.record([judgedAs(deliver, "more"), judgedAs(deliver, "pushed")])
      expect(later.recorded.map(({ outcome }) => outcome)).toEqual(["waiting", "waiting"])
    }))

  itIsFull("gives up payloads that nobody waits for: first what was delivered, then what was kept, the oldest first", (
    store
  ) =>
    Effect.gen(function*() {
      const readable = Effect.map(
        store.read(["k1", "k2", "d1", "w1", "w2", "w3", "w4"]),
        (read) => read.map(({ message }) => message.id).join(" ")
      )
      yield* store.record([large(keep, "k1"), large(keep, "k2"), large(deliver, "d1")])
      yield* deliverNext(store, "1")
      const steps = [["w1", "k1 k2 d1 w1"], ["w2", "k1 k2 w1 w2"], ["w3", "k2 w1 w2 w3"], ["w4", "w1 w2 w3 w4"]]
      for (const [id = "", left] of steps) {
        expect(yield* store.record([large(deliver, id)])).toMatchObject({ recorded: [{ outcome: "waiting" }] })
        expect(yield* readable).toBe(left)
      }
      const { held, recorded } = yield* store.record([huge(keep, "more", { sent_at: hub_time + 5 })])
      expect(recorded).toMatchObject([{ outcome: "left_out" }])
      expect(held.missed_from).toBe(hub_time + 5)
      expect(yield* store.record([large(deliver, "k1"), large(deliver, "d1")])).toMatchObject({ recorded: [] })
    }))

  itIsFull("gives up nothing for what would not fit all the same", (store) =>
    Effect.gen(function*() {
      const { recorded } = yield* store.record([large(deliver, "w1"), large(keep, "k1"), huge(keep, "huge")])
      expect(recorded.map(({ outcome }) => outcome)).toEqual(["waiting", "kept", "left_out"])
      expect(yield* store.read(["k1"])).toHaveLength(1)
    }))

  itIsFull("has room again for what takes the place of others, however often", (store) =>
    Effect.gen(function*() {
      for (const index of numbered(20)) {
        const { recorded } = yield* store.record([huge(keep, `m${index}`)])
        expect(recorded).toMatchObject([{ outcome: "kept" }])
      }
      expect(yield* store.read(["m18", "m19"])).toHaveLength(1)
    }))

  itIsFull(
    "has caught up when nothing is missing after the time up to which the hub was read",
    (store) =>
      Effect.gen(function*() {
        yield* store.record([huge(deliver, "w1")])
        const leaveOut = (id: string, sent_at: number) => store.record([judgedAs(keep, id, { sent_at })])
        expect(yield* store.caughtUp(hub_time)).toMatchObject({ missed_from: null })
        yield* leaveOut("m1", hub_time)
        yield* leaveOut("m2", hub_time + 10)
        expect((yield* store.open(null)).held.missed_from).toBe(hub_time)
        expect(yield* store.caughtUp(hub_time + 5)).toMatchObject({ missed_from: hub_time + 5 })
        expect(yield* store.caughtUp(hub_time + 10)).toMatchObject({ missed_from: null })
        expect(yield* leaveOut("m3", hub_time + 11)).toMatchObject({ held: { missed_from: hub_time + 11 } })
      })
  )
})

describe("rule 16: what is remembered", () => {
  /** How much is left of a full inbox and outbox, whose first `old` rows came `age_ms` ago, and the others now. */
  const leftOf = (rows: number, state: readonly [string, string], old: number, age_ms: number) => {
    const database = openDatabase(":memory:")
    const now = 100 * remembered_ms
    const at = `iif(n <= ${old}, ${now - age_ms}, ${now})`
    const numbers = `WITH RECURSIVE numbers(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < ${rows})`
    database.exec(
      `INSERT INTO inbox (id, way, sender, type, payload, bytes, thread, sent_at, heard_at, state)
      ${numbers} SELECT n, 'direct', 'ada', 'note', '', 0, n, 0, ${at}, '${state[0]}' FROM numbers;
      INSERT INTO outbox (key, target, type, payload, state, origin_kind, origin_name, created_at)
      ${numbers} SELECT n, '{}', 'note', '', '${state[1]}', 'file', 'f', ${at} FROM numbers`
    )
    makeForget(database)(now)
    const counts = "SELECT (SELECT count(*) FROM inbox) AS inbox, (SELECT count(*) FROM outbox) AS outbox"
    return { ...database.prepare(counts).get() }
  }

  const rows: ReadonlyArray<
    readonly [string, rows: number, readonly [string, string], old: number, age_ms: number, left: number]
  > = [
    ["the last, whatever their age", remembered, ["dropped", "sent"], remembered, 9 * remembered_ms, remembered],
    ["earlier ones for a time", remembered + 10, ["kept", "rejected"], 5, remembered_ms, remembered + 10],
    ["and not longer", remembered + 10, ["delivered", "sent"], 5, remembered_ms + 1, remembered + 5],
    ["no more than so many", remembered_at_most + 10, ["expired", "sent"], 0, 0, remembered_at_most],
    [
      "and all that is not done",
      remembered_at_most + 9,
      ["stuck", "queued"],
      5,
      9 * remembered_ms,
      remembered_at_most + 9
    ]
  ]
  for (const [title, count, state, old, age_ms, left] of rows) {
    it(title, () => expect(leftOf(count, state, old, age_ms)).toEqual({ inbox: left, outbox: left }))
  }
})
