import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { InboxMessage } from "../../domain/messages/InboxMessage.ts"
import type { Reading } from "../../domain/messages/Talk.ts"
import type { JsonObject } from "../../domain/Work.ts"
import {
  fromChannel,
  maybeChannelOf,
  message_bytes,
  messageOfChannelEntry,
  messageOfHistoryEntry,
  messageOfMailEntry,
  messageOfRoomEntry
} from "../../protocol/messages.ts"
import { HubUnread, type Page } from "../../services/Messenger.ts"
import { json_values } from "../../text/json.ts"
import { hubRequest } from "../hubHttp.ts"
import { type HubAccess, requestFor } from "./access.ts"
import { integerOf, type List, readList, readOnAfter, readWholeList } from "./entries.ts"
import {
  channelAfter,
  history_entries,
  historyAfter,
  mailbox_entries,
  mailboxAfter,
  roomAfter,
  subscriptionsOf
} from "./lists.ts"

export const asked_channels = 20 // whose history is asked for one page of the mailbox

/** What one page may hold is what one message may hold, so that each page has at least one. */
const page_bytes = message_bytes

type Of<Tag extends Reading["_tag"]> = Extract<Reading, { readonly _tag: Tag }>

/** A page of a list that has nothing for us. */
export const nothingFound: Page = {
  messages: [],
  up_to: null,
  next: null,
  room: null,
  channels: null,
  is_full: false,
  left_out: 0
}

/** Reads the messages of a list until a page is full. `fits`: whether one more may stand on it. */
const readMessages = Effect.fnUntraced(function*(
  access: HubAccess,
  list: List,
  decode: (entry: JsonObject) => InboxMessage | "to_others" | null,
  fits: (message: InboxMessage) => boolean = () => true
) {
  const found: Array<{ readonly message: InboxMessage; readonly seq: number | null }> = []
  let [left_out, bytes, values] = [0, 0, 0]
  const read = yield* readList(access, list, (entry) => {
    const message = entry.fields === null ? null : decode(entry.fields)
    if (message === null) left_out++
    if (message === null || message === "to_others") return true
    bytes += entry.bytes
    values += entry.values
    if (bytes > page_bytes || values > json_values || !fits(message)) return false
    found.push({ message, seq: integerOf(entry.fields?.["seq"]) })
    return true
  })
  return { messages: found.map(({ message }) => message), last: found.at(-1), left_out, read }
})

/** Takes messages as long as they name at most `asked_channels` channels. */
const withFewChannels = () => {
  const channels = new Set<string>()
  const fits = (message: InboxMessage): boolean => {
    const channel = maybeChannelOf(message)
    if (channel === null || channels.has(channel)) return true
    const isOneMore = channels.size < asked_channels
    if (isOneMore) channels.add(channel)
    return isOneMore
  }
  return { channels, fits }
}

/** The ids of the messages that a channel's history knows. */
const idsOfChannel = Effect.fnUntraced(function*(access: HubAccess, channel: string) {
  const ids = new Set<string>()
  yield* readWholeList(access, (since) => channelAfter(channel, since), (entry) => {
    const message = messageOfChannelEntry(entry, channel)
    if (message !== null) ids.add(message.id)
    return true
  })
  return ids
})

/** Rule 16: what a channel's history knows by its id is a message of that channel; else it is a broadcast. */
const toldApart = Effect.fnUntraced(function*(
  access: HubAccess,
  messages: ReadonlyArray<InboxMessage>,
  channels: ReadonlySet<string>
) {
  const ids = new Map<string, ReadonlySet<string>>()
  for (const channel of channels) ids.set(channel, yield* idsOfChannel(access, channel))
  return messages.map((message) => {
    const channel = maybeChannelOf(message)
    return channel !== null && ids.get(channel)?.has(message.id) === true ? fromChannel(message, channel) : message
  })
})

const readMailbox = Effect.fnUntraced(function*(access: HubAccess, { since }: Of<"Mailbox">) {
  const { agent_id } = access
  const { channels, fits } = withFewChannels()
  const { left_out, messages, read } = yield* readMessages(
    access,
    mailboxAfter(agent_id, since),
    (entry) => messageOfMailEntry(entry, agent_id),
    fits
  )
  const next = yield* readOnAfter(read, since)
  // An entry that is too large has no number that we know.
  const last = left_out === 0 ? read.seq : integerOf(read.members.last_seq) ?? read.seq
  return {
    ...nothingFound,
    messages: yield* toldApart(access, messages, channels),
    up_to: next ?? last,
    next: next === null ? null : { _tag: "Mailbox" as const, since: next },
    is_full: Math.max(read.count, integerOf(read.members.count) ?? 0) >= mailbox_entries,
    left_out
  }
})

const readHistory = Effect.fnUntraced(function*(access: HubAccess, reading: Of<"History">) {
  const { cursor, end, start, to_us } = reading
  const { agent_id } = access
  const after = cursor ?? 0
  const { left_out, messages, read } = yield* readMessages(
    access,
    historyAfter({ start, end, to: to_us ? agent_id : null }, after),
    (entry) => messageOfHistoryEntry(entry, agent_id)
  )
  const next = yield* readOnAfter(read, after, history_entries)
  return { ...nothingFound, messages, next: next === null ? null : { ...reading, cursor: next }, left_out }
})

const readRoom = Effect.fnUntraced(function*(access: HubAccess, reading: Of<"Room">) {
  const { last, left_out, messages, read } = yield* readMessages(access, roomAfter(reading.since), messageOfRoomEntry)
  const next = yield* readOnAfter(read, reading.since)
  const room = last === undefined || last.seq === null ? null : { seq: last.seq, sent_at: last.message.sent_at }
  return { ...nothingFound, messages, next: next === null ? null : { ...reading, since: next }, room, left_out }
})

const readChannel = Effect.fnUntraced(function*(access: HubAccess, reading: Of<"ChannelHistory">) {
  const { channel, since } = reading
  const { left_out, messages, read } = yield* readMessages(
    access,
    channelAfter(channel, since),
    (entry) => messageOfChannelEntry(entry, channel)
  )
  const next = yield* readOnAfter(read, since)
  return { ...nothingFound, messages, next: next === null ? null : { ...reading, since: next }, left_out }
})

const decodeSubscriptions = Schema.decodeUnknownOption(
  Schema.fromJsonString(Schema.Struct({ channels: Schema.Array(Schema.String) }))
)

const readSubscriptions = Effect.fnUntraced(function*(access: HubAccess) {
  const { body, status } = yield* hubRequest(requestFor(access, subscriptionsOf(access.agent_id))).pipe(
    Effect.mapError(({ reason }) => new HubUnread({ reason }))
  )
  const answer = status === 200 ? Option.getOrNull(decodeSubscriptions(body)) : null
  return answer === null
    ? yield* new HubUnread({ reason: `HTTP ${status} with a body that is no list of channels` })
    : { ...nothingFound, channels: answer.channels }
})

/** One request for messages that were not pushed, and for the mailbox those that tell channels from broadcasts. */
export const readHub = (access: HubAccess, reading: Reading): Effect.Effect<Page, HubUnread> => {
  switch (reading._tag) {
    case "Mailbox":
      return readMailbox(access, reading)
    case "History":
      return readHistory(access, reading)
    case "Room":
      return readRoom(access, reading)
    case "ChannelHistory":
      return readChannel(access, reading)
    case "Subscriptions":
      return readSubscriptions(access)
  }
}
