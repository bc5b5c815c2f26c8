import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { JsonObject } from "../Work.ts"
import type { Outgoing, SendOutcome, Target } from "./Outgoing.ts"

export const wait_most_ms = 24 * 60 * 60_000

/** A message that the agent, or `send`, has written to a file of the outbox. */
export interface Written {
  readonly message: Omit<Outgoing, "key">
  readonly wants_outcome: boolean // whether somebody reads what becomes of it
  readonly wait_ms: number | null // how long somebody waits for the reply
}

type Fields = JsonObject

const isGiven = (value: unknown): boolean => value !== undefined && value !== null && value !== false

const isName = (value: unknown): value is string => Predicate.isString(value) && value.trim() !== ""

/** Each field that names a receiver, with the target that it means; a sentence about one that cannot be understood. */
const receivers: Readonly<Record<string, (value: unknown) => Target | string>> = {
  to: (value) => isName(value) ? { _tag: "Agent", agent_id: value } : "to is not the id of an agent",
  channel: (value) => isName(value) ? { _tag: "Channel", channel: value } : "channel is not the name of a channel",
  room: (value) => value === true ? { _tag: "Room" } : "room is not true",
  all: (value) => value === true ? { _tag: "All" } : "all is not true"
}

const targetIn = (fields: Fields): Target | string => {
  const given = Object.entries(receivers).filter(([name]) => isGiven(fields[name]))
  const [first, another] = given
  if (first === undefined) return "it names no receiver: to, channel, room or all"
  const [name, targetOf] = first
  return another === undefined
    ? targetOf(fields[name])
    : `it names ${given.map(([one]) => one).join(" and ")}, and a message has one receiver`
}

const isPayload = (value: unknown): value is JsonObject => Predicate.isObject(value) && !JSON.isRawJSON(value)

const payloadIn = ({ payload, text }: Fields): JsonObject | string => {
  if (text !== undefined && payload !== undefined) return "it has both a text and a payload"
  if (payload !== undefined) return isPayload(payload) ? payload : "the payload is not a JSON object"
  if (text === undefined) return "it has neither a text nor a payload"
  if (!Predicate.isString(text)) return "the text is not a string"
  return text.trim() === "" ? "the text is empty" : { text }
}

const isWait = (value: unknown): value is number =>
  Predicate.isNumber(value) && Number.isInteger(value) && value >= 1 && value <= wait_most_ms

/** What the fields of a file say; if they are no message, why not, in a sentence without its end. */
export const writtenIn = (fields: Fields): Written | string => {
  const { outcome, reply_to = null, wait_ms = null } = fields
  const { type = reply_to === null ? "chat" : "response" } = fields
  const target = targetIn(fields)
  if (Predicate.isString(target)) return target
  const payload = payloadIn(fields)
  if (Predicate.isString(payload)) return payload
  if (!isName(type)) return "the type is not a word"
  if (reply_to !== null && !isName(reply_to)) return "reply_to is not the id of a message"
  if (wait_ms !== null && !isWait(wait_ms)) return `wait_ms is not a whole number from 1 to ${wait_most_ms}`
  return { message: { target, type, reply_to, payload }, wants_outcome: outcome === true, wait_ms }
}

/** Why the payload is too large, in a sentence without its end; null if it is not. */
export const tooLarge = (payload: JsonObject, most_bytes: number): string | null => {
  const bytes = new TextEncoder().encode(JSON.stringify(payload)).length
  return bytes > most_bytes ? `it has ${bytes} bytes as JSON, more than the ${most_bytes} of send_max_bytes` : null
}

const targetFields = (target: Target): JsonObject => {
  switch (target._tag) {
    case "Agent":
      return { to: target.agent_id }
    case "Channel":
      return { channel: target.channel }
    case "Room":
      return { room: true }
    case "All":
      return { all: true }
  }
}

/** The message as a file of the outbox would hold it. */
export const fieldsOf = ({ payload, reply_to, target, type }: Outgoing): JsonObject => ({
  ...targetFields(target),
  type,
  ...(reply_to === null ? {} : { reply_to }),
  payload
})

/** What has become of a message, as its writer is told. A `queued` one is sent as soon as that is possible. */
export const Told = Schema.Struct({
  status: Schema.Literals(["queued", "sent", "refused"]),
  reason: Schema.optionalKey(Schema.String),
  message_id: Schema.optionalKey(Schema.String)
})
export type Told = typeof Told.Type

/** What the writer of a message is told after an attempt to send it. */
export const toldOf = (outcome: SendOutcome): Told => {
  switch (outcome._tag) {
    case "Sent":
      return { status: "sent", ...(outcome.hub_id === null ? {} : { message_id: outcome.hub_id }) }
    case "Refused":
      return { status: "refused", reason: outcome.reason }
    case "Limited":
      return { status: "queued", reason: "the hub takes no more messages for a minute" }
    case "Failed":
    case "Unknown":
      return { status: "queued", reason: outcome.reason }
  }
}
