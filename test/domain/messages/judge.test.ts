import { describe, expect, test } from "vitest"
import type { Fate } from "../../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../../src/domain/messages/InboxMessage.ts"
import { judge, type JudgedBy, withoutCommand } from "../../../src/domain/messages/judge.ts"
import { defaultMessagePolicy, type MessageRule } from "../../../src/domain/messages/MessagePolicy.ts"

const hub_now = 1_000_000

const direct: InboxMessage = {
  id: "m1",
  way: "direct",
  channel: null,
  from: "bob",
  type: "chat",
  payload: { text: "hello" },
  reply_to: null,
  sent_at: hub_now - 1_000
}

const by = (rules: ReadonlyArray<MessageRule> = []): JudgedBy => ({
  policy: { ...defaultMessagePolicy, agent_id: "us", capabilities: ["review"], delivers: true, rules },
  hub_now,
  activity: "idle"
})

const delivered = (urgent = false): Fate => ({ _tag: "Deliver", urgent })
const kept = (reason: string): Fate => ({ _tag: "Keep", reason })
const dropped = (reason: string): Fate => ({ _tag: "Drop", reason })
const pong: Fate = { _tag: "Answer", answer: { type: "pong", payload: {} } }

interface Row {
  readonly clause: string
  readonly message: Partial<InboxMessage>
  readonly rules?: ReadonlyArray<MessageRule>
  readonly fate: Fate
}

const table = (rows: ReadonlyArray<Row>): void => {
  test.each(rows)("$clause", ({ fate, message, rules }) => {
    expect(judge({ ...direct, ...message }, by(rules)).direct).toEqual(fate)
  })
}

describe("rule 17: what needs no mind is answered without the agent", () => {
  table([
    { clause: "a ping is answered", message: { type: "ping" }, fate: pong },
    {
      clause: "a status request is answered with what we are at",
      message: { type: "status_request" },
      fate: { _tag: "Answer", answer: { type: "status_reply", payload: { text: "idle" } } }
    },
    {
      clause: "up to a minute after it was sent, by the hub's clock",
      message: { type: "ping", sent_at: hub_now - 59_999 },
      fate: pong
    },
    {
      clause: "an older one is kept",
      message: { type: "ping", sent_at: hub_now - 60_000 },
      fate: kept("a ping of more than a minute ago")
    },
    {
      clause: "one to all is kept",
      message: { type: "ping", way: "broadcast" },
      fate: kept("a ping to more than us is not answered")
    },
    {
      clause: "and so is one of a channel",
      message: { type: "ping", way: "channel", channel: "ops" },
      fate: kept("a ping to more than us is not answered")
    },
    {
      clause: "and one of the room",
      message: { type: "status_request", way: "room" },
      fate: kept("a status_request to more than us is not answered")
    },
    {
      clause: "an answer is never answered",
      message: { type: "ping", reply_to: "m0" },
      fate: kept("it answers an answer")
    }
  ])
})

describe("rule 17: what is only stored", () => {
  table([
    { clause: "a notice", message: { type: "notify" }, fate: kept("it asks for no answer") },
    {
      clause: "what asks for no answer",
      message: { type: "request", payload: { respond_with: "none" } },
      fate: kept("it asks for no answer")
    },
    { clause: "a pong", message: { type: "pong", reply_to: "m0" }, fate: kept("a pong asks for nothing") },
    {
      clause: "a status that was asked for",
      message: { type: "status_reply", reply_to: "m0" },
      fate: kept("a status_reply asks for nothing")
    },
    { clause: "a refusal", message: { type: "refused" }, fate: kept("a refused asks for nothing") },
    {
      clause: "what needs a capability that we lack",
      message: { payload: { needed_capabilities: ["review", "gpu"] } },
      fate: kept("it needs gpu")
    },
    {
      clause: "the eighth answer to an answer",
      message: { payload: { hops: 8 } },
      fate: kept("it is the answer to 8 answers")
    }
  ])
})

describe("rule 17: what is delivered", () => {
  table([
    { clause: "any other message", message: {}, fate: delivered() },
    { clause: "of a broadcast as well", message: { way: "broadcast" }, fate: delivered() },
    {
      clause: "an answer to a question of the agent",
      message: { type: "response", reply_to: "m0" },
      fate: delivered()
    },
    { clause: "a request, soon", message: { type: "request" }, fate: delivered(true) },
    { clause: "an alert, soon", message: { type: "alert" }, fate: delivered(true) },
    {
      clause: "what needs a capability that we have",
      message: { payload: { needed_capabilities: ["review"] } },
      fate: delivered()
    },
    { clause: "the seventh answer to an answer", message: { payload: { hops: 7 } }, fate: delivered() },
    { clause: "one whose hops are no number", message: { payload: { hops: "many" } }, fate: delivered() }
  ])
})

describe("rule 16: our own messages are dropped", () => {
  table([
    {
      clause: "a broadcast that comes back",
      message: { from: "us", way: "broadcast" },
      fate: dropped("it is our own")
    },
    {
      clause: "but not what somebody said in the room under our name",
      message: { from: "us", way: "room" },
      fate: delivered()
    }
  ])
})

describe("rule 17: message_rules come first", () => {
  table([
    { clause: "drop", message: {}, rules: [{ from: "bob", action: "drop" }], fate: dropped("message_rules") },
    {
      clause: "store",
      message: { type: "request" },
      rules: [{ type: "request", action: "store" }],
      fate: kept("message_rules")
    },
    {
      clause: "deliver",
      message: { type: "notify" },
      rules: [{ type: "notify", action: "deliver" }],
      fate: delivered()
    },
    {
      clause: "deliver at once",
      message: { way: "channel", channel: "ops" },
      rules: [{ way: "channel", channel: "ops", action: "deliver_at_once" }],
      fate: delivered(true)
    },
    {
      clause: "a field of the payload",
      message: { payload: { text: "x", level: { n: 1 } } },
      rules: [{ payload: { level: { n: 1 } }, action: "store" }],
      fate: kept("message_rules")
    },
    {
      clause: "the first that fits counts",
      message: {},
      rules: [{ from: "ann", action: "drop" }, { from: "bob", action: "store" }, { action: "drop" }],
      fate: kept("message_rules")
    },
    {
      clause: "one of another way does not fit",
      message: {},
      rules: [{ way: "room", action: "drop" }],
      fate: delivered()
    }
  ])
})

describe("rule 16: a message that was pushed", () => {
  test("is judged as a direct one and as a broadcast", () => {
    expect(judge({ ...direct, way: "pushed", type: "ping" }, by())).toEqual({
      direct: pong,
      broadcast: kept("a ping to more than us is not answered")
    })
  })
})

describe("where no command wakes the agent for messages", () => {
  test("what would be delivered stays in the inbox", () => {
    expect(withoutCommand(delivered(true), defaultMessagePolicy)).toEqual(kept("there is no message_command"))
    expect(withoutCommand(pong, defaultMessagePolicy)).toEqual(pong)
  })
})
