import { assert, describe, it } from "@effect/vitest"
import type { BatchMessage, InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import type { Outgoing } from "../../src/domain/messages/Outgoing.ts"
import { repliesIn } from "../../src/domain/messages/replies.ts"

const direct: InboxMessage = {
  id: "m1",
  way: "direct",
  channel: null,
  from: "bob",
  type: "chat",
  payload: { text: "hello" },
  reply_to: null,
  sent_at: 1_795_000_000_000
}

const inThread = (thread: string, ...messages: ReadonlyArray<Partial<InboxMessage>>): ReadonlyArray<BatchMessage> =>
  messages.map((more) => ({ message: { ...direct, ...more }, thread, again: false }))

const one = inThread("m1", {})
const oneThread = inThread("m1", {}, { id: "m2", from: "ann", reply_to: "m1" })
const twoThreads = [...inThread("m1", {}), ...inThread("m2", { id: "m2", from: "ann" })]

const response = (more: Partial<Outgoing> = {}): Outgoing => ({
  key: "reply-m1",
  target: { _tag: "Agent", agent_id: "bob" },
  type: "response",
  reply_to: "m1",
  payload: { text: "hi", hops: 1 },
  ...more
})

const toM2 = response({ key: "reply-m2", target: { _tag: "Agent", agent_id: "ann" }, reply_to: "m2" })

const outgoingOf = (
  answer: Record<string, unknown>,
  batch: ReadonlyArray<BatchMessage>,
  answered: Array<string> = []
) => repliesIn(answer, batch, new Set(answered)).outgoing

describe("a reply goes where all who heard the message hear it", () => {
  const rows: ReadonlyArray<readonly [Partial<InboxMessage>, Partial<Outgoing>]> = [
    [{ way: "direct" }, {}],
    [{ way: "broadcast" }, {}],
    [{ way: "pushed" }, {}],
    [{ way: "channel", channel: "dev" }, { target: { _tag: "Channel", channel: "dev" } }],
    [{ way: "channel", channel: null }, {}],
    [{ way: "room" }, { target: { _tag: "Room" }, reply_to: null }]
  ]
  it.each(rows)("%j", (message, expected) => {
    assert.deepEqual(outgoingOf({ replies: { m1: "hi" } }, inThread("m1", message)), [response(expected)])
  })
})

describe("the replies of an answer", () => {
  const raw = JSON.rawJSON("12345678901234567890")
  const rows: ReadonlyArray<readonly [string, Record<string, unknown>, ReadonlyArray<Outgoing>]> = [
    ["say nothing where there are none", { status: "success" }, []],
    ["say nothing where there is an empty object of them", { replies: {} }, []],
    ["go to the messages that they name", { replies: { m2: "hi", m1: "hi" } }, [toM2, response()]],
    ["may be payloads", { replies: { m1: { text: "hi", n: raw } } }, [
      response({ payload: { text: "hi", n: raw, hops: 1 } })
    ]],
    ["count the answers themselves", { replies: { m1: { text: "hi", hops: 0 } } }, [response()]],
    ["say nothing by an empty text, null or an empty object", { replies: { m1: " \n", m2: null } }, []],
    ["say nothing by an empty object", { replies: { m1: {} } }, []],
    ["count more than what was printed", { replies: { m1: "hi" }, output: "{\"m2\":\"hi\"}" }, [response()]]
  ]
  it.each(rows)("%s", (_, answer, expected) => {
    assert.deepEqual(outgoingOf(answer, twoThreads), expected)
    assert.deepEqual(repliesIn(answer, twoThreads, new Set()).problems, [])
  })

  it("have one hop more than what they answer", () => {
    const [reply] = outgoingOf({ replies: { m1: "hi" } }, inThread("m1", { payload: { hops: 3 } }))
    assert.deepEqual(reply?.payload, { text: "hi", hops: 4 })
  })

  it("are text in the room, which takes nothing else", () => {
    const batch = inThread("m1", { way: "room" })
    const payloads = (reply: object) => outgoingOf({ replies: { m1: reply } }, batch).map(({ payload }) => payload)
    assert.deepEqual(payloads({ a: 1 }), [{ text: "{\"a\":1}", hops: 1 }])
    assert.deepEqual(payloads({ text: "hi", a: 1 }), [{ text: "hi", a: 1, hops: 1 }])
  })

  it("leave out what was answered already in this batch", () => {
    assert.deepEqual(outgoingOf({ replies: { m1: "hi", m2: "hi" } }, twoThreads, ["m1"]), [toM2])
    assert.deepEqual(outgoingOf({ output: "hi" }, one, ["m1"]), [])
  })
})

describe("what an agent printed", () => {
  const rows: ReadonlyArray<readonly [string, string, ReadonlyArray<BatchMessage>, ReadonlyArray<Outgoing>]> = [
    ["is the reply to the only message", " hi\n", one, [response()]],
    ["is the reply to the last message of the only thread", "hi", oneThread, [toM2]],
    ["says nothing where it is blank", " \n", twoThreads, []],
    ["says nothing where it is an empty object", "{}\n", twoThreads, []],
    ["is a reply for each id of a JSON object", "{\"m2\": \"hi\", \"m1\": \"hi\"}", twoThreads, [toM2, response()]],
    ["may be such an object as a block of code", "```json\n{\"m1\": \"hi\"}\n```", twoThreads, [response()]],
    [
      "is text where the object has another key",
      "{\"m1\": \"hi\", \"x\": \"y\"}",
      one,
      [response({ payload: { text: "{\"m1\": \"hi\", \"x\": \"y\"}", hops: 1 } })]
    ],
    ["is text where a value is none", "{\"m1\": 1}", one, [response({ payload: { text: "{\"m1\": 1}", hops: 1 } })]]
  ]
  it.each(rows)("%s", (_, output, batch, expected) => {
    assert.deepEqual(repliesIn({ status: "success", output }, batch, new Set()), { outgoing: expected, problems: [] })
  })
})

describe("nothing is sent, and a sentence says why,", () => {
  const threads =
    "the agent printed one text for 2 threads: it should print a JSON object of message ids with their replies"
  const rows: ReadonlyArray<readonly [string, Record<string, unknown>, string]> = [
    ["where one text was printed for several threads", { output: "hi" }, threads],
    ["where the object printed names another message", { output: "{\"m9\":\"hi\"}" }, threads],
    [
      "where a reply names no message of the batch",
      { replies: { "m9\n": "hi" } },
      "the agent replied to \"m9\\n\", which is no message of the batch"
    ],
    ["where a reply is a list", { replies: { m1: ["hi"] } }, "the reply to \"m1\" is neither a text nor a JSON object"],
    [
      "where a reply is a long number",
      { replies: { m1: JSON.rawJSON("12345678901234567890") } },
      "the reply to \"m1\" is neither a text nor a JSON object"
    ],
    [
      "where the replies are no object",
      { replies: "hi", output: "hi" },
      "the replies of the agent are no JSON object of message ids with their replies"
    ]
  ]
  it.each(rows)("%s", (_, answer, problem) => {
    assert.deepEqual(repliesIn(answer, twoThreads, new Set()), { outgoing: [], problems: [problem] })
  })

  it("where the batch is empty", () => {
    assert.lengthOf(repliesIn({ output: "hi" }, [], new Set()).problems, 1)
  })
})
