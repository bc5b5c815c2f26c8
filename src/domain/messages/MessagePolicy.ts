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
export interface HourlyLimits {
  readonly sender: number
  readonly thread: number
  readonly channel: number
  readonly room: number
  readonly deliveries: number // batches
  readonly answers: number // ours, those of tier 0 included
  readonly urgent_of_sender: number // that shorten the wait
}

/** What the configuration says about messages. Waits are in milliseconds. */
export interface MessagePolicy {
  readonly agent_id: string
  readonly capabilities: ReadonlyArray<string>
  readonly delivers: boolean // whether there is a command that wakes the agent for messages
  readonly channels: ReadonlyArray<string>
  readonly rules: ReadonlyArray<MessageRule>
  readonly batch_ms: number
  readonly batch_max: number // messages
  readonly min_interval_ms: number // between the beginnings of two deliveries
  readonly deliver_while_working: boolean
  readonly stale_ms: number
  readonly per_hour: HourlyLimits
}

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
