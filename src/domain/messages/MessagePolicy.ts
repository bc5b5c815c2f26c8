import * as Schema from "effect/Schema"
import { Way } from "./InboxMessage.ts"

/** What `message_rules` of the configuration may say of a message that fits. What a rule leaves out fits everything. */
export const MessageRule = Schema.Struct({
  way: Schema.optionalKey(Schema.Literals(Way.literals.filter((way) => way !== "pushed"))),
  from: Schema.optionalKey(Schema.String),
  type: Schema.optionalKey(Schema.String),
  channel: Schema.optionalKey(Schema.String),
  payload: Schema.optionalKey(Schema.Record(Schema.String, Schema.Unknown)), // fields that have these values
  action: Schema.Literals(["drop", "store", "deliver", "deliver_at_once"])
})
export type MessageRule = typeof MessageRule.Type

/** How many messages an hour are delivered, or answered, at most. */
export const HourlyLimits = Schema.Struct({
  sender: Schema.Int,
  thread: Schema.Int,
  channel: Schema.Int,
  room: Schema.Int,
  deliveries: Schema.Int, // batches
  answers: Schema.Int, // ours, those of tier 0 included
  urgent_of_sender: Schema.Int // that shorten the wait
})
export type HourlyLimits = typeof HourlyLimits.Type

/** What the configuration says about messages. Waits are in milliseconds. */
export const MessagePolicy = Schema.Struct({
  agent_id: Schema.String,
  capabilities: Schema.Array(Schema.String),
  delivers: Schema.Boolean, // whether there is a command that wakes the agent for messages
  channels: Schema.Array(Schema.String),
  rules: Schema.Array(MessageRule),
  batch_ms: Schema.Int,
  batch_max: Schema.Int, // messages
  min_interval_ms: Schema.Int, // between the beginnings of two deliveries
  deliver_while_working: Schema.Boolean,
  stale_ms: Schema.Int,
  per_hour: HourlyLimits
})
export type MessagePolicy = typeof MessagePolicy.Type

/** The policy of a configuration that says nothing about messages. */
export const defaultMessagePolicy: MessagePolicy = {
  agent_id: "",
  capabilities: [],
  delivers: false,
  channels: [],
  rules: [],
  batch_ms: 2_000,
  batch_max: 20,
  min_interval_ms: 30_000,
  deliver_while_working: true,
  stale_ms: 24 * 60 * 60_000,
  per_hour: { sender: 60, thread: 20, channel: 120, room: 120, deliveries: 60, answers: 120, urgent_of_sender: 6 }
}
