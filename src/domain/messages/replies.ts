import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../Work.ts"
import type { BatchMessage, InboxMessage } from "./InboxMessage.ts"
import { hopsOf } from "./judge.ts"
import type { Outgoing, Target } from "./Outgoing.ts"

/** The replies in an answer, and sentences for the log about what in it could not become one. */
export interface Replies {
  readonly outgoing: ReadonlyArray<Outgoing>
  readonly problems: ReadonlyArray<string>
}

/** What the agent says to a message, by the message's id. */
type Said = ReadonlyMap<string, unknown>

type Batch = ReadonlyArray<BatchMessage>

const nothing: Said = new Map()

const quoted_id_chars = 256

const quoted = (id: string): string => JSON.stringify(id.slice(0, quoted_id_chars))

const isJsonObject = (value: unknown): value is JsonObject => Predicate.isObject(value) && !JSON.isRawJSON(value)

/** What was printed as JSON texts by name. Other values could hold numbers that `JSON.parse` rounds. */
const decodeTexts = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.String)))

/** A model likes to put an object between the marks of a block of code. */
const withoutCodeMarks = (text: string): string => /^```(?:json)?\n(.*)\n```$/s.exec(text)?.[1] ?? text

/** What was printed as an object of texts by the ids of messages of the batch; null if it is none. */
const printedById = (text: string, batch: Batch): Said | null =>
  Option.match(decodeTexts(withoutCodeMarks(text)), {
    onNone: () => null,
    onSome: (texts) => {
      const said = new Map(Object.entries(texts))
      const ids = new Set(batch.map(({ message }) => message.id))
      return [...said.keys()].every((id) => ids.has(id)) ? said : null
    }
  })

/** What was printed, as said to messages of the batch; a sentence if nobody can tell to which. */
const printed = (output: string, batch: Batch): Said | string => {
  const text = output.trim()
  const byId = text === "" ? nothing : printedById(text, batch)
  if (byId !== null) return byId
  const last = batch.at(-1)
  const threads = new Set(batch.map(({ thread }) => thread)).size
  return last === undefined || threads > 1
    ? `the agent printed one text for ${threads} threads: it should print a JSON object of message ids with their replies`
    : new Map([[last.message.id, text]])
}

const saidIn = ({ output, replies }: JsonObject, batch: Batch): Said | string => {
  if (replies === undefined) return Predicate.isString(output) ? printed(output, batch) : nothing
  return isJsonObject(replies)
    ? new Map(Object.entries(replies))
    : "the replies of the agent are no JSON object of message ids with their replies"
}

/** Where a reply to the message goes: to where all who heard it will hear the reply. */
const targetOf = ({ channel, from, way }: InboxMessage): Target => {
  if (way === "room") return { _tag: "Room" }
  return way === "channel" && channel !== null ? { _tag: "Channel", channel } : { _tag: "Agent", agent_id: from }
}

/** The reply as a payload; null if it says nothing. The room takes text only. */
const payloadOf = (reply: string | JsonObject, { way }: InboxMessage): JsonObject | null => {
  if (Predicate.isString(reply)) return reply.trim() === "" ? null : { text: reply }
  if (Object.keys(reply).length === 0) return null
  return way === "room" && !Predicate.isString(reply["text"]) ? { text: JSON.stringify(reply) } : reply
}

const replyTo = (message: InboxMessage, payload: JsonObject): Outgoing => ({
  key: `reply-${message.id}`, // the same for the same message, so that no crash sends a reply twice
  target: targetOf(message),
  type: "response",
  reply_to: message.way === "room" ? null : message.id, // ids of the room are ours
  payload: { ...payload, hops: hopsOf(message.payload) + 1 }
})

/**
 * Rule 20: the replies in the agent's answer to a batch: its `replies` by message id, or else what was printed as `output`. A
 * message whose id is in `answered` has its reply already. Nothing is sent to a message that is not in the batch.
 */
export const repliesIn = (answer: JsonObject, batch: Batch, answered: ReadonlySet<string>): Replies => {
  const said = saidIn(answer, batch)
  if (Predicate.isString(said)) return { outgoing: [], problems: [said] }
  const byId = new Map(batch.map(({ message }) => [message.id, message]))
  const outgoing: Array<Outgoing> = []
  const problems: Array<string> = []
  for (const [id, reply] of said) {
    const message = byId.get(id)
    if (message === undefined) {
      problems.push(`the agent replied to ${quoted(id)}, which is no message of the batch`)
      continue
    }
    if (reply === null || answered.has(id)) continue
    if (!Predicate.isString(reply) && !isJsonObject(reply)) {
      problems.push(`the reply to ${quoted(id)} is neither a text nor a JSON object`)
      continue
    }
    const payload = payloadOf(reply, message)
    if (payload !== null) outgoing.push(replyTo(message, payload))
  }
  return { outgoing, problems }
}
