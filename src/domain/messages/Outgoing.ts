import * as Schema from "effect/Schema"
import { JsonObject } from "../Work.ts"

/** Whom a message of ours goes to. */
export const Target = Schema.Union([
  Schema.TaggedStruct("Agent", { agent_id: Schema.String }),
  Schema.TaggedStruct("Channel", { channel: Schema.String }),
  Schema.TaggedStruct("Room", {}),
  Schema.TaggedStruct("All", {})
])
export type Target = typeof Target.Type

/** A message of ours. `key` is our own, stands in the payload as `agentcom_key`, and finds the message in the hub's history. */
export const Outgoing = Schema.Struct({
  key: Schema.String,
  target: Target,
  type: Schema.String,
  reply_to: Schema.NullOr(Schema.String),
  payload: JsonObject
})
export type Outgoing = typeof Outgoing.Type

/** Who gave us a message to send: `answer` for tier 0, the id of a batch for a reply, or the name of a file in the outbox. */
export const Origin = Schema.Struct({
  kind: Schema.Literals(["answer", "batch", "file"]),
  name: Schema.String
})
export type Origin = typeof Origin.Type

/**
 * How an attempt to send ended. `Refused`: the hub will never take it. `Limited`: too many requests. `Failed`: the hub may have
 * stored it without delivering it. `Unknown`: no answer came, so the hub's history has to tell.
 */
export const SendOutcome = Schema.Union([
  Schema.TaggedStruct("Sent", { hub_id: Schema.NullOr(Schema.String) }),
  Schema.TaggedStruct("Refused", { reason: Schema.String }),
  Schema.TaggedStruct("Limited", {}),
  Schema.TaggedStruct("Failed", { reason: Schema.String }),
  Schema.TaggedStruct("Unknown", { reason: Schema.String })
])
export type SendOutcome = typeof SendOutcome.Type
