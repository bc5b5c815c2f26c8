import { expect, test } from "vitest"
import type { HeldBack } from "../../../src/domain/messages/choose.ts"
import { holdingNotices } from "../../../src/domain/messages/notices.ts"

const hour_ms = 60 * 60_000
const bob: HeldBack = { limit: "sender", name: "bob", messages: 3, direct: true }

const told = (held_back: HeldBack, now = 0) =>
  holdingNotices([held_back], now).map(({ key, target }) => ({ key, target }))

test("rule 23: a sender whose messages are held back is told, once an hour by the key", () => {
  const target = { _tag: "Agent", agent_id: "bob" }
  expect(told(bob)).toEqual([{ key: "held-back-0-bob", target }])
  expect(told(bob, hour_ms - 1)).toEqual(told(bob))
  expect(told(bob, hour_ms)).toEqual([{ key: "held-back-1-bob", target }])
  expect(holdingNotices([bob], 0)).toMatchObject([{ type: "notify", reply_to: null, payload: { hops: 1 } }])
})

test.each<HeldBack>([
  { ...bob, direct: false },
  { ...bob, limit: "thread", name: "m1" },
  { ...bob, limit: "channel", name: "ops" },
  { ...bob, limit: "room", name: "" },
  { ...bob, limit: "deliveries", name: "" }
])("rule 23: nobody is told of $limit, direct $direct", (held_back) => {
  expect(told(held_back)).toEqual([])
})
