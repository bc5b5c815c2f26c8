import * as Equal from "effect/Equal"
import * as Predicate from "effect/Predicate"
import type { JsonObject } from "../Work.ts"
import type { Fate, Fates, ShortAnswer } from "./Fate.ts"
import type { InboxMessage, Way } from "./InboxMessage.ts"
import type { MessagePolicy, MessageRule } from "./MessagePolicy.ts"

const fresh_ms = 60_000 // by the hub's clock; an older question is not answered by itself
const max_hops = 8 // answers to answers to answers

const answerTypes: ReadonlySet<string> = new Set(["pong", "response", "status_reply", "refused"])
const shortAnswerTypes: ReadonlySet<string> = new Set(["pong", "status_reply", "refused"])
const urgentTypes: ReadonlySet<string> = new Set(["request", "alert"])

/** How often a message is an answer to an answer, as the sidecars that sent it have counted. */
export const hopsOf = ({ hops }: JsonObject): number => Predicate.isNumber(hops) && hops > 0 ? Math.floor(hops) : 0

/** What the judgement depends on beside the message. */
export interface JudgedBy {
  readonly policy: MessagePolicy
  readonly hub_now: number // epoch milliseconds of the hub's clock
  readonly activity: string // what we are at, in words that every agent may read
}

const keep = (reason: string): Fate => ({ _tag: "Keep", reason })
const drop = (reason: string): Fate => ({ _tag: "Drop", reason })

const fits = (rule: MessageRule, message: InboxMessage, way: Way): boolean =>
  (rule.way ?? way) === way &&
  (rule.from ?? message.from) === message.from &&
  (rule.type ?? message.type) === message.type &&
  (rule.channel ?? message.channel) === message.channel &&
  Object.entries(rule.payload ?? {}).every(([field, value]) => Equal.equals(message.payload[field], value))

const byRule = ({ action }: MessageRule): Fate => {
  switch (action) {
    case "drop":
      return drop("message_rules")
    case "store":
      return keep("message_rules")
    case "deliver":
      return { _tag: "Deliver", urgent: false }
    case "deliver_at_once":
      return { _tag: "Deliver", urgent: true }
  }
}

/** The capabilities that the sender asks for and that we lack. */
const lacking = ({ needed_capabilities: needed }: JsonObject, { capabilities }: MessagePolicy): ReadonlyArray<string> =>
  Array.isArray(needed) ? needed.filter(Predicate.isString).filter((one) => !capabilities.includes(one)) : []

const shortAnswerTo = ({ type }: InboxMessage, activity: string): ShortAnswer | null => {
  if (type === "ping") return { type: "pong", payload: {} }
  return type === "status_request" ? { type: "status_reply", payload: { text: activity } } : null
}

/** Rule 17: a question that needs no mind. Only a fresh one that was sent to us alone is answered. */
const answered = (answer: ShortAnswer, { sent_at, type }: InboxMessage, way: Way, hub_now: number): Fate => {
  if (way !== "direct") return keep(`a ${type} to more than us is not answered`)
  return hub_now - sent_at < fresh_ms ? { _tag: "Answer", answer } : keep(`a ${type} of more than a minute ago`)
}

const judgedAs = (way: Way, message: InboxMessage, { activity, hub_now, policy }: JudgedBy): Fate => {
  const { from, payload, reply_to, type } = message
  if (from === policy.agent_id && way !== "room") return drop("it is our own")
  const rule = policy.rules.find((one) => fits(one, message, way))
  if (rule !== undefined) return byRule(rule)
  if (shortAnswerTypes.has(type)) return keep(`a ${type} asks for nothing`)
  if (type === "notify" || payload["respond_with"] === "none") return keep("it asks for no answer")
  const lacks = lacking(payload, policy)
  if (lacks.length > 0) return keep(`it needs ${lacks.join(", ")}`)
  const isAnswer = reply_to !== null || answerTypes.has(type)
  const answer = shortAnswerTo(message, activity)
  if (answer !== null) return isAnswer ? keep("it answers an answer") : answered(answer, message, way, hub_now)
  if (hopsOf(payload) >= max_hops) return keep(`it is the answer to ${max_hops} answers`)
  return { _tag: "Deliver", urgent: urgentTypes.has(type) }
}

/** Rule 17: what becomes of a message, as a direct one and as a broadcast if it may be either. */
export const judge = (message: InboxMessage, by: JudgedBy): Fates => {
  const { way } = message
  if (way !== "pushed") {
    const fate = judgedAs(way, message, by)
    return { direct: fate, broadcast: fate }
  }
  return { direct: judgedAs("direct", message, by), broadcast: judgedAs("broadcast", message, by) }
}

/** A message that would be delivered stays in the inbox where no command wakes the agent for it. */
export const withoutCommand = (fate: Fate, { delivers }: MessagePolicy): Fate =>
  fate._tag === "Deliver" && !delivers ? keep("there is no message_command") : fate
