import { describe, expect, it } from "@effect/vitest"
import {
  bytesInBatch,
  chooseBatch,
  countDelivered,
  excerpt_bytes,
  hour_ms,
  type LimitName,
  type Waiting,
  whole_payload_bytes
} from "../../../src/domain/messages/choose.ts"
import { defaultMessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"

const message = { way: "direct", from: "ada", channel: null, thread: "t1" } as const

describe("rule 23: what was delivered in the last hour", () => {
  const delivered = countDelivered([
    { ...message, delivered_at: 20 },
    { ...message, delivered_at: 10 },
    { ...message, way: "channel", channel: "ops", thread: "t2", delivered_at: 30 },
    { ...message, way: "room", thread: "t3", delivered_at: 40 }
  ], [10, 30])
  const rows: ReadonlyArray<readonly [LimitName, string, number, number]> = [
    // limit, name, count, the first
    ["sender", "ada", 3, 10], // whoever speaks in the room has no name that we could trust
    ["thread", "t1", 2, 10],
    ["channel", "ops", 1, 30],
    ["room", "", 1, 40],
    ["deliveries", "", 2, 10],
    ["sender", "bob", 0, 0]
  ]
  for (const [limit, name, count, first_at] of rows) {
    it(`counts ${count} for the ${limit} ${name}`, () => expect(delivered(limit, name)).toEqual({ count, first_at }))
  }
})

describe("rules 18 and 23: a batch", () => {
  const waiting: Waiting = { ...message, id: "m1", bytes: 1, payload_bytes: 1, sent_at: 1, batch_limit: 20 }
  const { deliveries } = defaultMessagePolicy.per_hour
  const after = (batches: number) => countDelivered([], Array.from({ length: batches }, () => 10))

  it("is chosen as long as the hour allows another", () => {
    expect(chooseBatch([waiting], defaultMessagePolicy, after(deliveries - 1)).ids).toEqual(["m1"])
    expect(chooseBatch([waiting], defaultMessagePolicy, after(deliveries))).toEqual({
      ids: [],
      held_back: [{ limit: "deliveries", name: "", messages: 1, direct: true }],
      retry_at: 10 + hour_ms
    })
    expect(chooseBatch([], defaultMessagePolicy, after(deliveries)).held_back).toEqual([])
  })

  it("has a payload whole up to 16 KiB, and 1 KiB of a larger one", () => {
    expect(bytesInBatch(whole_payload_bytes)).toBe(16 * 1024)
    expect(bytesInBatch(whole_payload_bytes + 1)).toBe(excerpt_bytes)
  })
})
