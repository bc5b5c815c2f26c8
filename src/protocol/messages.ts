import * as Option from "effect/Option"
import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import { type InboxMessage, roomId } from "../domain/messages/InboxMessage.ts"
import { plainChannel } from "../domain/messages/refusal.ts"
import type { JsonObject } from "../domain/Work.ts"
import { asNumber, isJsonObject } from "../text/json.ts"

export const message_bytes = 8 * 1024 * 1024 // of a message as the hub gives it; a larger one is left out
export const id_chars = 256 // of an id; a message with a longer one is left out
export const name_chars = 1_024 // of a sender, a type or a reference; a longer one is cut

const Label = Schema.optionalKey(Schema.NullOr(Schema.String))

const ofMessage = {
  id: Schema.String.check(Schema.isMaxLength(id_chars)),
  from: Schema.String,
  payload: Schema.declare(isJsonObject), // not copied: a copy would give the name `__proto__` its meaning
  reply_to: Label,
  timestamp: Schema.Finite
}

const MessageFrame = Schema.Struct({ ...ofMessage, message_type: Label })
const ChannelFrame = Schema.Struct({
  ...MessageFrame.fields,
  channel: Schema.String.check(Schema.isMaxLength(name_chars))
})
const Entry = Schema.Struct({ ...ofMessage, type: Label, to: Label })
const SaidInRoom = Schema.Struct({
  from: Schema.String,
  text: Schema.String,
  seq: Schema.Int,
  timestamp: Schema.Finite
})

/** Makes a decoder that gives null for what has not the right shape. */
const decoder = <S extends Schema.ConstraintDecoder<unknown>>(schema: S) => {
  const decode = Schema.decodeUnknownOption(schema)
  return (from: JsonObject): S["Type"] | null => Option.getOrNull(decode(Record.map(from, asNumber)))
}

const decodeMessageFrame = decoder(MessageFrame)
const decodeChannelFrame = decoder(ChannelFrame)
const decodeEntry = decoder(Entry)
const decodeSaidInRoom = decoder(SaidInRoom)

const named = (text: string): string =>
  text.length <= name_chars ? text : `${text.slice(0, name_chars - 1).toWellFormed()}…`

const default_type = "chat"

/** What the shapes of a message have in common. */
const common = (fields: typeof MessageFrame.Type, type: string | null | undefined) => ({
  id: fields.id,
  from: named(fields.from),
  type: named(type ?? default_type),
  payload: fields.payload,
  reply_to: fields.reply_to == null ? null : named(fields.reply_to),
  sent_at: fields.timestamp
})

/** A message from the frame `message`: one for us alone or a broadcast. Null if it is none. */
export const messageOfFrame = (frame: JsonObject): InboxMessage | null => {
  const fields = decodeMessageFrame(frame)
  return fields && { ...common(fields, fields.message_type), way: "pushed", channel: null }
}

/** A message from the frame `channel_message`. Null if it is none. */
export const messageOfChannelFrame = (frame: JsonObject): InboxMessage | null => {
  const fields = decodeChannelFrame(frame)
  return fields && { ...common(fields, fields.message_type), way: "channel", channel: fields.channel }
}

/** A type in the room is any JSON. */
const typeInRoom = (type: unknown): string => {
  if (type == null) return default_type
  return Predicate.isString(type) ? type : JSON.stringify(type)
}

const messageOfRoom = (from: JsonObject, type: unknown): InboxMessage | null => {
  const said = decodeSaidInRoom(from)
  return said && {
    id: roomId(said.seq, said.timestamp),
    way: "room",
    channel: null,
    from: named(said.from),
    type: named(typeInRoom(type)),
    payload: { text: said.text },
    reply_to: null,
    sent_at: said.timestamp
  }
}

/** What was said in the room, from the frame `room_message`. Null if it is none. */
export const messageOfRoomFrame = (frame: JsonObject): InboxMessage | null =>
  messageOfRoom(frame, frame["message_type"])

/** What was said in the room, from an entry of its history. Null if it is none. */
export const messageOfRoomEntry = (entry: JsonObject): InboxMessage | null => messageOfRoom(entry, entry["type"])

/** A message from an entry of the hub's history. It may be to others; null if it is none. */
export const messageOfHistoryEntry = (entry: JsonObject, agent_id: string): InboxMessage | "to_others" | null => {
  const fields = decodeEntry(entry)
  if (fields === null) return null
  const message = { ...common(fields, fields.type), channel: null }
  if (fields.to === agent_id) return { ...message, way: "direct" }
  return fields.to == null || fields.to === "broadcast" ? { ...message, way: "broadcast" } : "to_others"
}

/** A message from an entry of our mailbox, whose type may be that of a frame. Null if it is none. */
export const messageOfMailEntry = (entry: JsonObject, agent_id: string): InboxMessage | null => {
  const message = messageOfHistoryEntry(entry, agent_id)
  return message === "to_others" ? null : message
}

/** A message from an entry of a channel's history. Null if it is none. */
export const messageOfChannelEntry = (entry: JsonObject, channel: string): InboxMessage | null => {
  const fields = isJsonObject(entry["message"]) ? decodeEntry(entry["message"]) : null
  return fields && { ...common(fields, fields.type), way: "channel", channel }
}

/**
 * The channel that a message of the mailbox may be from, as a broadcast can look the same: the channel's history knows its id
 * then. Null if it is from none.
 */
export const maybeChannelOf = ({ payload: { channel }, way }: InboxMessage): string | null =>
  way === "broadcast" && Predicate.isString(channel) && channel !== "" && channel === plainChannel(channel)
    ? channel
    : null

/** A message of the mailbox that its channel's history knows. The hub has put the channel into its payload. */
export const fromChannel = (message: InboxMessage, channel: string): InboxMessage => ({
  ...message,
  way: "channel",
  channel,
  payload: Record.remove(message.payload, "channel")
})
