import { describe, expect, it } from "vitest"
import type { Outgoing, Target } from "../../../src/domain/messages/Outgoing.ts"
import { channel_chars, payload_bytes, plainChannel, refusalOf } from "../../../src/domain/messages/refusal.ts"

const us = "agent-1"
const channel = (name: string): Target => ({ _tag: "Channel", channel: name })
const other: Target = { _tag: "Agent", agent_id: "b" }
const message: Outgoing = { key: "k-1", target: other, type: "chat", reply_to: null, payload: { text: "hi" } }
const noText = "the room takes a text, and there is none"
const noName = "the name of the channel has none of a-z, 0-9, - and _"

/** A payload of so many bytes as JSON text. */
const payloadOf = (bytes: number) => ({ text: "x".repeat(bytes - `{"text":""}`.length) })

describe("a message is refused before it is sent", () => {
  const table: ReadonlyArray<readonly [what: string, change: Partial<Outgoing>, refusal: string | null]> = [
    ["to another agent", {}, null],
    ["to all", { target: { _tag: "All" } }, null],
    ["to this agent", { target: { _tag: "Agent", agent_id: us } }, "the receiver is this agent itself"],
    ["to a channel", { target: channel("#Ops") }, null],
    ["to a channel of other letters", { target: channel("日本") }, noName],
    ["to a channel without a name", { target: channel("") }, noName],
    ["to a channel of signs", { target: channel("#!! ") }, noName],
    ["to a channel with the longest name", { target: channel("x".repeat(channel_chars)) }, null],
    [
      "to a channel with a longer name",
      { target: channel("x".repeat(channel_chars + 1)) },
      "the name of the channel has 65 characters, more than 64"
    ],
    ["to the room", { target: { _tag: "Room" } }, null],
    ["to the room with an empty text", { target: { _tag: "Room" }, payload: { text: "" } }, noText],
    ["to the room with something else", { target: { _tag: "Room" }, payload: { text: 5 } }, noText],
    ["with the largest payload", { payload: payloadOf(payload_bytes) }, null],
    [
      "with a larger payload",
      { payload: payloadOf(payload_bytes + 1) },
      "the payload has 1048577 bytes, more than 1048576"
    ],
    [
      "with a payload of fewer characters that take more bytes",
      { payload: { text: "é".repeat(payload_bytes / 2) } },
      "the payload has 1048587 bytes, more than 1048576"
    ]
  ]

  it.each(table)("%s: %#", (_, change, refusal) => expect(refusalOf({ ...message, ...change }, us)).toBe(refusal))
})

it.each([
  ["##Ops Team! 7", "opsteam7"],
  ["#ops.TEAM7", "opsteam7"],
  ["a-b_c", "a-b_c"],
  ["日本", ""]
])("the hub keeps the channel %s as %s", (name, plain) => expect(plainChannel(name)).toBe(plain))
