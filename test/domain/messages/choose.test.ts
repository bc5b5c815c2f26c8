import { describe, expect, test } from "vitest"
import {
  batch_bytes,
  batch_payload_bytes,
  chooseBatch,
  type DeliveredBy,
  type Waiting
} from "../../../src/domain/messages/choose.ts"
import { afterFailure } from "../../../src/domain/messages/deliveries.ts"
import { defaultMessagePolicy } from "../../../src/domain/messages/MessagePolicy.ts"

const hour_ms = 3_600_000

const message = (id: string, sent_at: number, over: Partial<Waiting> = {}): Waiting => ({
  id,
  way: "direct",
  from: "bob",
  channel: null,
  thread: id,
  bytes: 100,
  payload_bytes: 100,
  sent_at,
  batch_limit: 200,
  ...over
})

const nothing: DeliveredBy = () => ({ count: 0, first_at: 0 })
const policy = { batch_max: 3, per_hour: defaultMessagePolicy.per_hour }

describe("rule 18: a batch", () => {
  test("has the oldest messages by the hub's time, not by arrival", () => {
    const { ids } = chooseBatch([message("c", 3), message("a", 1), message("b", 2)], policy, nothing)
    expect(ids).toEqual(["a", "b", "c"])
  })

  test("has at most batch_max of them", () => {
    const { ids } = chooseBatch(["a", "b", "c", "d"].map((id, n) => message(id, n)), policy, nothing)
    expect(ids).toEqual(["a", "b", "c"])
  })

  test("keeps a thread together, where its first message stands", () => {
    const waiting = [message("a", 1), message("b", 2), message("c", 3, { thread: "a" })]
    expect(chooseBatch(waiting, policy, nothing).ids).toEqual(["a", "c", "b"])
  })

  for (
    const [most, large, larger] of [
      ["256 KiB", { bytes: batch_bytes }, { bytes: 2 * batch_bytes }],
      ["8 MiB of payloads", { payload_bytes: batch_payload_bytes }, { payload_bytes: 2 * batch_payload_bytes }]
    ] as const
  ) {
    test(`has at most ${most}, but one message of any size`, () => {
      expect(chooseBatch([message("a", 1, large), message("b", 2)], policy, nothing).ids).toEqual(["a"])
      expect(chooseBatch([message("a", 1), message("b", 2, large), message("c", 3)], policy, nothing).ids).toEqual([
        "a",
        "c"
      ])
      expect(chooseBatch([message("a", 1, larger)], policy, nothing).ids).toEqual(["a"])
    })
  }
})

test("rule 18: the hub's time is the order, and the id where the time is the same", () => {
  const waiting = ["c", "a", "b"].map((id) => message(id, id === "c" ? 1 : 2))
  expect(chooseBatch(waiting, policy, nothing).ids).toEqual(["c", "a", "b"])
  expect(chooseBatch(waiting.toReversed(), policy, nothing).ids).toEqual(["c", "a", "b"])
})

describe("rule 19: messages whose deliveries failed", () => {
  test("share their batch with fewer", () => {
    const waiting = [message("a", 1, { batch_limit: 2 }), message("b", 2), message("c", 3)]
    expect(chooseBatch(waiting, policy, nothing).ids).toEqual(["a", "b"])
  })

  test("and in the end with none, where they hold up nobody else's", () => {
    const waiting = [message("a", 1), message("bad", 2, { batch_limit: 1 }), message("c", 3)]
    expect(chooseBatch(waiting, policy, nothing).ids).toEqual(["a", "c"])
    expect(chooseBatch([message("bad", 2, { batch_limit: 1 })], policy, nothing).ids).toEqual(["bad"])
  })
})

describe("rule 23: the limits of an hour", () => {
  const full = (limit: string, name: string, count: number): DeliveredBy => (one, of) =>
    one === limit && of === name ? { count, first_at: 1_000 } : { count: 0, first_at: 0 }

  test.each(
    [
      { limit: "sender", name: "bob", count: 60, over: {} },
      { limit: "thread", name: "t", count: 20, over: { thread: "t" } },
      { limit: "channel", name: "ops", count: 120, over: { way: "channel", channel: "ops" } },
      { limit: "room", name: "", count: 120, over: { way: "room" } }
    ] as const
  )("hold back what is over them: $limit", ({ count, limit, name, over }) => {
    const waiting = [message("a", 1, over), message("b", 2, { from: "ann", thread: "b" })]
    expect(chooseBatch(waiting, policy, full(limit, name, count))).toEqual({
      ids: ["b"],
      held_back: [{ limit, name, messages: 1, direct: !("way" in over) }],
      retry_at: 1_000 + hour_ms
    })
    expect(chooseBatch(waiting, policy, full(limit, name, count - 1)).ids).toEqual(["a", "b"])
  })

  test("count what is in the batch already", () => {
    const two = { ...policy, per_hour: { ...policy.per_hour, sender: 2 } }
    const waiting = ["a", "b", "c"].map((id, n) => message(id, n))
    expect(chooseBatch(waiting, two, nothing)).toEqual({
      ids: ["a", "b"],
      held_back: [{ limit: "sender", name: "bob", messages: 1, direct: true }],
      retry_at: null
    })
  })

  test("do not count a sender in the room, where anybody may use a name", () => {
    const waiting = [message("a", 1, { way: "room" })]
    expect(chooseBatch(waiting, policy, full("sender", "bob", 60)).ids).toEqual(["a"])
  })
})

describe("rule 19: after a failed delivery", () => {
  const marks = { deliveries: 1, failures: 0, batch_limit: 200 }

  test("the same batch is tried three times, then it is cut in halves", () => {
    const once = afterFailure(marks, 5)
    const twice = afterFailure(once.marks, 5)
    expect([once, twice]).toEqual([
      { marks: { deliveries: 1, failures: 1, batch_limit: 5 }, stuck: false },
      { marks: { deliveries: 1, failures: 2, batch_limit: 5 }, stuck: false }
    ])
    expect(afterFailure(twice.marks, 5)).toEqual({
      marks: { deliveries: 1, failures: 0, batch_limit: 3 },
      stuck: false
    })
  })

  test("down to single messages, of which one that fails three times is not delivered by itself again", () => {
    expect(afterFailure({ ...marks, failures: 2 }, 2).marks.batch_limit).toBe(1)
    expect(afterFailure({ ...marks, failures: 2, batch_limit: 1 }, 1).stuck).toBe(true)
    expect(afterFailure({ ...marks, failures: 1, batch_limit: 1 }, 1).stuck).toBe(false)
  })
})
