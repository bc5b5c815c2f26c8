import { expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as DevHub from "../../src/dev/DevHub.ts"
import type { Outgoing, Target } from "../../src/domain/messages/Outgoing.ts"
import { buildMessenger, us } from "./messengerRig.ts"

/** The messengers of two agents of one hub, neither of which is connected. */
const twoOnDevHub = Effect.gen(function*() {
  const devHub = yield* DevHub.make({ registerTokens: { [us]: "token a", b: "token b" } })
  const of = (agent_id: string, token: string) =>
    buildMessenger({ hub_api_url: devHub.httpUrl, agent_id, token: Redacted.make(token) })
  const ours = yield* of(us, "token a")
  const other = yield* of("b", "token b")
  return { ours: ours.messenger, other: other.messenger, of, devHub }
})

const to = (target: Target, text: string): Outgoing => ({
  key: `k-${text}`,
  target,
  type: "request",
  reply_to: null,
  payload: { text }
})

it.live("the development hub takes messages, keeps them in the mailbox, and removes what is acknowledged", () =>
  Effect.gen(function*() {
    const { other, ours } = yield* twoOnDevHub
    const hub_id = expect.stringMatching(/./)
    expect(yield* other.send(to({ _tag: "Agent", agent_id: us }, "one"))).toEqual({ _tag: "Sent", hub_id })
    expect(yield* other.send(to({ _tag: "All" }, "all"))).toEqual({ _tag: "Sent", hub_id })
    const page = yield* ours.read({ _tag: "Mailbox", since: 0 })
    expect(page).toMatchObject({
      messages: [
        { way: "direct", from: "b", type: "request", payload: { text: "one", agentcom_key: "k-one" }, reply_to: null },
        { way: "broadcast", from: "b", payload: { text: "all", agentcom_key: "k-all" } }
      ],
      next: null,
      left_out: 0
    })
    yield* ours.acknowledge(page.up_to ?? 0)
    expect(yield* ours.read({ _tag: "Mailbox", since: 0 })).toMatchObject({ messages: [], up_to: null })
  }))

it.live("the development hub has a room, and refuses a channel that it does not know", () =>
  Effect.gen(function*() {
    const { ours } = yield* twoOnDevHub
    expect(yield* ours.send(to({ _tag: "Room" }, "hello"))).toEqual({
      _tag: "Sent",
      hub_id: expect.stringMatching(/^room-1-\d+$/)
    })
    expect(yield* ours.send(to({ _tag: "Room" }, ""))).toEqual({
      _tag: "Refused",
      reason: "the hub refuses it: text is required"
    })
    expect(yield* ours.send(to({ _tag: "Channel", channel: "nope" }, "hello"))).toEqual({
      _tag: "Refused",
      reason: "the hub refuses it: channel_not_found"
    })
  }))

it.live("the development hub takes a wrong token for nothing", () =>
  Effect.gen(function*() {
    const { of } = yield* twoOnDevHub
    const { messenger } = yield* of(us, "wrong")
    expect(yield* messenger.send(to({ _tag: "All" }, "hello"))).toMatchObject({ _tag: "Failed" })
    expect(yield* Effect.flip(messenger.read({ _tag: "Mailbox", since: 0 }))).toMatchObject({ reason: "HTTP 401" })
    expect(yield* Effect.flip(messenger.acknowledge(1))).toMatchObject({ reason: "HTTP 401" })
  }))

it.live("the development hub limits one agent's messages", () =>
  Effect.gen(function*() {
    const { ours } = yield* twoOnDevHub
    const outcomes = yield* Effect.forEach(
      Array.from({ length: 70 }, (_, index) => index),
      (index) => ours.send(to({ _tag: "Agent", agent_id: "b" }, String(index)))
    )
    expect(outcomes[0]).toMatchObject({ _tag: "Sent" })
    expect(outcomes).toContainEqual({ _tag: "Limited" })
  }))
