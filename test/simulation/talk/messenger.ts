import * as Effect from "effect/Effect"
import * as channels from "../../../src/dev/channels.ts"
import * as history from "../../../src/dev/history.ts"
import { handle as handleHttp } from "../../../src/dev/httpApi.ts"
import type { Hub } from "../../../src/dev/hub.ts"
import type { JsonObject } from "../../../src/dev/json.ts"
import * as mailbox from "../../../src/dev/mailbox.ts"
import { compose } from "../../../src/dev/messages.ts"
import * as room from "../../../src/dev/room.ts"
import { type InboxMessage, roomId } from "../../../src/domain/messages/InboxMessage.ts"
import type { Outgoing, SendOutcome } from "../../../src/domain/messages/Outgoing.ts"
import { roomText } from "../../../src/domain/messages/refusal.ts"
import type { Reading } from "../../../src/domain/messages/Talk.ts"
import { nothingFound } from "../../../src/hub/messages/readings.ts"
import {
  fromChannel,
  maybeChannelOf,
  messageOfHistoryEntry,
  messageOfMailEntry,
  messageOfRoomEntry
} from "../../../src/protocol/messages.ts"
import { HubUnread, type Messenger, type Page } from "../../../src/services/Messenger.ts"
import { our_id } from "../hubModel.ts"
import type { World } from "../world.ts"
import type { TalkBook } from "./book.ts"
import type { Handler, Reply, Request } from "./request.ts"

const room_entries = 500

const everything = { from: undefined, to: undefined, channel: undefined, start_time: 0, end_time: Infinity, cursor: 0 }

const found = (messages: ReadonlyArray<InboxMessage | "to_others" | null>): ReadonlyArray<InboxMessage> =>
  messages.filter((message) => message !== null && message !== "to_others")

/** A copy in the mailbox of what was said in a channel, or a broadcast that looks the same. */
const toldApart = (books: Hub, message: InboxMessage): InboxMessage => {
  const name = maybeChannelOf(message)
  const entries = name === null ? undefined : channels.find(books, name)?.history
  return name !== null && entries?.some((entry) => entry.message.id === message.id)
    ? fromChannel(message, name)
    : message
}

const readMailbox = (books: Hub, since: number, size: number): Page => {
  const { messages } = mailbox.read(books, our_id, since)
  const page = messages.slice(0, size)
  const up_to = page.at(-1)?.seq ?? null
  return {
    ...nothingFound,
    messages: found(page.map((entry) => messageOfMailEntry({ ...entry }, our_id)))
      .map((message) => toldApart(books, message)),
    up_to,
    next: up_to === null || page.length === messages.length ? null : { _tag: "Mailbox", since: up_to }
  }
}

const readHistory = (books: Hub, reading: Extract<Reading, { readonly _tag: "History" }>, size: number): Page => {
  const { cursor, messages } = history.find(books, {
    ...everything,
    to: reading.to_us ? our_id : undefined,
    start_time: Math.floor(reading.start),
    end_time: reading.end === null ? Infinity : Math.floor(reading.end),
    cursor: reading.cursor ?? 0,
    limit: size
  })
  return {
    ...nothingFound,
    messages: found(messages.map((entry) => messageOfHistoryEntry({ ...entry }, our_id))),
    next: messages.length < size ? null : { ...reading, cursor }
  }
}

const readRoom = (books: Hub, since: number): Page => {
  const { messages } = room.read(books, since, room_entries)
  const last = messages.at(-1)
  return {
    ...nothingFound,
    messages: found(messages.map((entry) => messageOfRoomEntry({ ...entry }))),
    room: last === undefined ? null : { seq: last.seq, sent_at: last.timestamp }
  }
}

const pageOf = (books: Hub, reading: Reading, size: number): Page => {
  switch (reading._tag) {
    case "Mailbox":
      return readMailbox(books, reading.since, size)
    case "History":
      return readHistory(books, reading, size)
    case "Room":
      return readRoom(books, reading.since)
    case "ChannelHistory":
    case "Subscriptions":
      return nothingFound
  }
}

const hasKey = (key: string) => ({ payload }: { readonly payload: JsonObject }): boolean =>
  payload["agentcom_key"] === key

/** Whether the hub has a message of ours. In the room, which keeps no key, it is known by its text. */
const hubHas = (books: Hub, { key, payload, target }: Outgoing, since: number): boolean => {
  switch (target._tag) {
    case "Agent":
    case "All":
      return books.history.some((entry) => entry.from === our_id && entry.timestamp >= since && hasKey(key)(entry))
    case "Channel":
      return channels.find(books, target.channel)?.history.some(({ message }) => hasKey(key)(message)) ?? false
    case "Room":
      return books.room.some(({ from, text, timestamp }) =>
        from === our_id && text === roomText(payload) && timestamp >= since
      )
  }
}

const posted = ({ key, payload, reply_to, target, type }: Outgoing): { path: string; body: JsonObject } => {
  const body = { type, payload: { ...payload, agentcom_key: key }, ...(reply_to === null ? {} : { reply_to }) }
  switch (target._tag) {
    case "Agent":
      return { path: "api/message", body: { ...body, to: target.agent_id } }
    case "All":
      return { path: "api/message", body }
    case "Channel":
      return { path: `api/channels/${target.channel}/publish`, body }
    case "Room":
      return { path: "api/room/message", body: { text: roomText(payload), type } }
  }
}

/** Somebody posts by HTTP. */
export const post = (books: Hub, token: string, path: string, body: JsonObject, now: number, respond: Handling): void =>
  handleHttp(
    books,
    { method: "POST", path: path.split("/"), query: new Map(), token, body, address: token, host: "hub" },
    now,
    ({ body: answer = {}, status }) => respond(status, answer)
  )
type Handling = Parameters<Handler>[2]

const idIn = ({ _tag }: Outgoing["target"], body: JsonObject): string | null => {
  if (_tag === "Room") return roomId(Number(body["seq"]), Number(body["timestamp"]))
  return typeof body["id"] === "string" ? body["id"] : null
}

const outcomeOf = ({ target }: Outgoing, reply: Reply): SendOutcome => {
  if (reply._tag === "Unreached") return { _tag: "Failed", reason: "there is no hub" }
  if (reply._tag === "Unanswered") return { _tag: "Unknown", reason: "the hub did not answer" }
  const { body, status } = reply
  if (status < 300) return { _tag: "Sent", hub_id: idIn(target, body) }
  if (status === 429) return { _tag: "Limited" }
  return status < 500
    ? { _tag: "Refused", reason: `HTTP ${status}` }
    : { _tag: "Failed", reason: `HTTP ${status}` }
}

/** The hub stores the message and crashes before it has delivered it. */
const storeOnly = (books: Hub, body: JsonObject, now: number): void =>
  history.store(books, compose(books, our_id, body, "type", now), now, () => undefined, () => undefined)

/** Talk with the simulated hub by HTTP. */
export const makeMessenger = (world: World, request: Request, book: TalkBook): Messenger["Service"] => {
  const { chance, faults } = world
  const size = chance.pick("page", [3, 20, 200])

  const answered = Effect.fnUntraced(function*(name: string, handle: Handler, late_ms = 0) {
    const reply = yield* request(
      name,
      faults.strikes("http_crashes") ? (_, __, respond) => respond(500, {}) : handle,
      late_ms
    )
    if (reply._tag !== "Answered" || reply.status >= 300) return yield* new HubUnread({ reason: reply._tag })
  })

  const deliver = (outgoing: Outgoing): Handler => (books, now, respond) => {
    const { body, path } = posted(outgoing)
    if (faults.strikes("talk_limited")) return respond(429, {})
    if (!faults.strikes("stored_and_crashed")) return post(books, our_id, path, body, now, respond)
    if (path === "api/message") {
      book.mayBeTwice(outgoing.key)
      storeOnly(books, body, now)
    }
    respond(500, {})
  }

  return {
    read: Effect.fnUntraced(function*(reading) {
      let page = nothingFound
      yield* answered(`read ${JSON.stringify(reading)}`, (books, _, respond) => {
        page = pageOf(books, reading, size)
        respond(200, {})
      })
      if (reading._tag === "Mailbox") book.readMail(page)
      return page
    }),
    acknowledge: (up_to) =>
      Effect.suspend(() => {
        book.acknowledges(up_to)
        const late_ms = faults.strikes("ack_late") ? chance.between("ack late", 1, 60_000) : 0
        return answered(`acknowledge ${up_to}`, (books, _, respond) => {
          mailbox.acknowledge(books, our_id, up_to)
          respond(200, {})
        }, late_ms)
      }),
    send: (outgoing) =>
      Effect.suspend(() => {
        book.sends(outgoing)
        return Effect.map(request(`send ${outgoing.key}`, deliver(outgoing)), (reply) => {
          const outcome = outcomeOf(outgoing, reply)
          if (reply._tag === "Answered" && reply.status >= 500) book.mayBeTwice(outgoing.key)
          return outcome
        })
      }),
    lookUp: Effect.fnUntraced(function*(outgoing, since) {
      let has = false
      yield* answered(`look up ${outgoing.key}`, (books, _, respond) => {
        has = hubHas(books, outgoing, since)
        respond(200, {})
      })
      return has
    })
  }
}
