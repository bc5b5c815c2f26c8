import * as Schema from "effect/Schema"
import { JsonObject } from "../Work.ts"

/**
 * The way a message came. The hub pushes a direct message and a broadcast in the same words: until its history has told them
 * apart, such a message is `pushed`.
 */
export const Way = Schema.Literals(["direct", "broadcast", "channel", "room", "pushed"])
export type Way = typeof Way.Type

/** A message of another agent, or of a person in the room, as the hub gave it to us. */
export const InboxMessage = Schema.Struct({
  id: Schema.String, // the hub's; of the room, which gives none, made from number and time
  way: Way,
  channel: Schema.NullOr(Schema.String),
  from: Schema.String, // a label: any token can make a token for any agent, and in the room it is free text
  type: Schema.String,
  payload: JsonObject,
  reply_to: Schema.NullOr(Schema.String),
  sent_at: Schema.Finite // by the hub's clock, in epoch milliseconds
})
export type InboxMessage = typeof InboxMessage.Type

/** A message of the inbox, as a batch shows it. */
export interface BatchMessage {
  readonly message: InboxMessage
  readonly thread: string
  readonly again: boolean // whether an earlier delivery of it has begun
}

/** The id of what was said in the room. Its numbers begin anew when the hub restarts. */
export const roomId = (seq: number, sent_at: number): string => `room-${seq}-${sent_at}`
