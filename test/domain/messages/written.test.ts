import { describe, expect, test } from "vitest"
import type { Outgoing, SendOutcome, Target } from "../../../src/domain/messages/Outgoing.ts"
import { fieldsOf, toldOf, tooLarge, wait_most_ms, writtenIn } from "../../../src/domain/messages/written.ts"

const message: Outgoing = { key: "k", target: { _tag: "Room" }, type: "chat", reply_to: null, payload: { text: "hi" } }

describe("rule 20: what a file of the outbox says", () => {
  const targets: ReadonlyArray<readonly [fields: Record<string, unknown>, target: Target]> = [
    [{ to: "bob" }, { _tag: "Agent", agent_id: "bob" }],
    [{ channel: "ops" }, { _tag: "Channel", channel: "ops" }],
    [{ room: true, all: false }, { _tag: "Room" }],
    [{ all: true, to: null }, { _tag: "All" }]
  ]
  test.each(targets)("%j names its receiver", (fields, target) => {
    expect(writtenIn({ ...fields, text: "hi" })).toEqual({
      message: { target, type: "chat", reply_to: null, payload: { text: "hi" } },
      wants_outcome: false,
      wait_ms: null
    })
  })

  test("a reply is a response, if it does not say otherwise", () => {
    const reply = { to: "bob", reply_to: "m1", payload: { n: 1 }, outcome: true, wait_ms: 5 }
    expect(writtenIn(reply)).toEqual({
      message: { target: { _tag: "Agent", agent_id: "bob" }, type: "response", reply_to: "m1", payload: { n: 1 } },
      wants_outcome: true,
      wait_ms: 5
    })
    expect(writtenIn({ ...reply, type: "chat" })).toMatchObject({ message: { type: "chat" } })
  })

  const wrong: ReadonlyArray<readonly [fields: Record<string, unknown>, why: string]> = [
    [{ text: "hi" }, "it names no receiver: to, channel, room or all"],
    [{ to: "bob", room: true }, "it names to and room, and a message has one receiver"],
    [{ to: " " }, "to is not the id of an agent"],
    [{ channel: 5 }, "channel is not the name of a channel"],
    [{ room: "yes" }, "room is not true"],
    [{ all: 1 }, "all is not true"],
    [{ to: "bob", text: "hi", payload: {} }, "it has both a text and a payload"],
    [{ to: "bob", payload: [] }, "the payload is not a JSON object"],
    [{ to: "bob" }, "it has neither a text nor a payload"],
    [{ to: "bob", text: 5 }, "the text is not a string"],
    [{ to: "bob", text: " " }, "the text is empty"],
    [{ to: "bob", text: "hi", type: "" }, "the type is not a word"],
    [{ to: "bob", text: "hi", reply_to: "" }, "reply_to is not the id of a message"],
    ...[0, 1.5, "5", wait_most_ms + 1].map((wait_ms) =>
      [{ to: "bob", text: "hi", wait_ms }, `wait_ms is not a whole number from 1 to ${wait_most_ms}`] as const
    )
  ]
  test.each(wrong)("%j is no message: %s", (fields, why) => {
    expect(writtenIn(fields)).toBe(why)
  })

  test("a payload is too large by its bytes as JSON", () => {
    expect(tooLarge({ text: "ž" }, 13)).toBeNull()
    expect(tooLarge({ text: "ž" }, 12)).toBe("it has 13 bytes as JSON, more than the 12 of send_max_bytes")
  })
})

describe("rule 20: the message as a file would hold it", () => {
  const rows: ReadonlyArray<readonly [target: Target, fields: Record<string, unknown>]> = [
    [{ _tag: "Agent", agent_id: "bob" }, { to: "bob" }],
    [{ _tag: "Channel", channel: "ops" }, { channel: "ops" }],
    [{ _tag: "Room" }, { room: true }],
    [{ _tag: "All" }, { all: true }]
  ]
  test.each(rows)("to %j", (target, fields) => {
    expect(fieldsOf({ ...message, target })).toEqual({ ...fields, type: "chat", payload: { text: "hi" } })
    expect(fieldsOf({ ...message, target, reply_to: "m1" })).toMatchObject({ ...fields, reply_to: "m1" })
  })
})

describe("rule 20: what a writer is told after an attempt", () => {
  const rows: ReadonlyArray<readonly [outcome: SendOutcome, told: object]> = [
    [{ _tag: "Sent", hub_id: "h1" }, { status: "sent", message_id: "h1" }],
    [{ _tag: "Sent", hub_id: null }, { status: "sent" }],
    [{ _tag: "Refused", reason: "no" }, { status: "refused", reason: "no" }],
    [{ _tag: "Limited" }, { status: "queued", reason: "the hub takes no more messages for a minute" }],
    [{ _tag: "Failed", reason: "HTTP 500" }, { status: "queued", reason: "HTTP 500" }],
    [{ _tag: "Unknown", reason: "cut" }, { status: "queued", reason: "cut" }]
  ]
  test.each(rows)("%j", (outcome, told) => {
    expect(toldOf(outcome)).toEqual(told)
  })
})
