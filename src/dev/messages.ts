import { shown } from "./connections.ts"
import type { Channel, Hub, Message, RoomMessage, Socket } from "./hub.ts"
import { broadcast, send } from "./hub.ts"
import type { JsonObject } from "./json.ts"
import { number, object, text } from "./json.ts"
import { limits } from "./limits.ts"

/** A message as one agent sends it; `typeKey` is where its kind stands, which differs between frames and HTTP. */
export const compose = (hub: Hub, from: string, input: JsonObject, typeKey: string, now: number): Message => ({
  id: hub.makeId(),
  from,
  to: text(input, "to", null),
  type: text(input, typeKey, "chat"),
  payload: object(input, "payload"),
  reply_to: text(input, "reply_to", null),
  timestamp: now
})

const messageFrame = ({ id, from, type, payload, reply_to, timestamp }: Message): JsonObject => ({
  type: "message",
  id,
  from,
  message_type: type,
  payload,
  reply_to,
  timestamp
})

const intoMailbox = (hub: Hub, agentId: string, message: Message): void => {
  hub.lastMail.seq += 1
  const mail = { ...message, seq: hub.lastMail.seq }
  hub.mailboxes.set(agentId, [...hub.mailboxes.get(agentId) ?? [], mail].slice(-limits.mailboxMessages))
}

/** To one agent, to its mailbox when it is not connected; without an addressee to everybody, the sender included. */
export const route = (hub: Hub, message: Message): void => {
  if (message.to === null || message.to === "broadcast") {
    broadcast(hub, messageFrame(message))
    for (const agentId of new Set(hub.tokens.values())) {
      if (agentId !== message.from && !hub.registry.has(agentId)) intoMailbox(hub, agentId, message)
    }
    return
  }
  const socket = hub.registry.get(message.to)
  if (socket === undefined) intoMailbox(hub, message.to, message)
  else send(hub, socket, messageFrame(message))
}

/** The messages of a mailbox after a sequence number, and the number of the last of them. */
export const mailbox = (hub: Hub, agentId: string, since: number) => {
  const messages = (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > since)
  return { agent_id: agentId, count: messages.length, last_seq: messages.at(-1)?.seq ?? since, messages }
}

/** Removes what the agent has read. */
export const acknowledge = (hub: Hub, agentId: string, upTo: number): void => {
  hub.mailboxes.set(agentId, (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > upTo))
}

/** The name under which a channel is kept. */
const plainName = (name: string): string => name.replace(/^#+/, "").toLowerCase().replace(/[^a-z0-9\-_]/g, "")

export const findChannel = (hub: Hub, name: string): Channel | undefined => hub.channels.get(plainName(name))

/** Makes a channel; false when there is one of that name. */
export const createChannel = (hub: Hub, name: string, description: string, now: number): boolean => {
  const plain = plainName(name)
  if (hub.channels.has(plain)) return false
  hub.channels.set(plain, { name: plain, description, created_at: now, subscribers: new Set(), history: [] })
  return true
}

/** Publishes to the live subscribers and to every subscriber's mailbox; the answer is the message's number. */
export const publish = (hub: Hub, channel: Channel, message: Message, now: number): number => {
  const seq = (channel.history.at(-1)?.seq ?? 0) + 1
  channel.history.push({ seq, message, stored_at: now })
  if (channel.history.length > limits.channelMessages) channel.history.shift()
  for (const agentId of channel.subscribers) {
    if (agentId === message.from) continue
    intoMailbox(hub, agentId, { ...message, payload: { ...message.payload, channel: channel.name } })
  }
  const frame = { ...messageFrame(message), type: "channel_message", channel: channel.name }
  for (const socket of hub.sockets.values()) {
    if (socket.agentId === message.from) continue
    for (let copy = 0; copy < (socket.channels.get(channel.name) ?? 0); copy++) send(hub, socket.id, frame)
  }
  return seq
}

/** Says something in the room. */
export const sayInRoom = (hub: Hub, from: string, words: string, type: string, now: number): RoomMessage => {
  const message = { seq: (hub.room.at(-1)?.seq ?? 0) + 1, from, text: words, type, timestamp: now }
  hub.room.push(message)
  if (hub.room.length > limits.roomMessages) hub.room.shift()
  const { type: message_type, ...rest } = message
  broadcast(hub, { ...rest, type: "room_message", message_type }, from)
  return message
}

type Handler = (
  hub: Hub,
  socket: Socket,
  agentId: string,
  frame: JsonObject,
  now: number
) => ReadonlyArray<JsonObject>

/** Runs a handler on the channel a frame names. */
const onChannel = (
  handle: (hub: Hub, channel: Channel, socket: Socket, agentId: string, frame: JsonObject, now: number) => JsonObject
): Handler =>
(hub, socket, agentId, frame, now) => {
  const channel = findChannel(hub, text(frame, "channel", ""))
  return channel === undefined
    ? [{ type: "error", error: "channel_not_found" }]
    : [{ channel: text(frame, "channel", ""), ...handle(hub, channel, socket, agentId, frame, now) }]
}

const subscribe = onChannel((_hub, channel, socket, agentId) => {
  if (channel.subscribers.has(agentId)) return { type: "channel_subscribed", note: "already_subscribed" }
  channel.subscribers.add(agentId)
  socket.channels.set(channel.name, (socket.channels.get(channel.name) ?? 0) + 1)
  return { type: "channel_subscribed" }
})

const unsubscribe = onChannel((_hub, channel, socket, agentId) => {
  channel.subscribers.delete(agentId)
  socket.channels.delete(channel.name)
  return { type: "channel_unsubscribed" }
})

const publishFrame = onChannel((hub, channel, _socket, agentId, frame, now) => {
  const message = { ...compose(hub, agentId, frame, "message_type", now), to: null }
  return { type: "channel_published", seq: publish(hub, channel, message, now), id: message.id }
})

const history = onChannel((_hub, channel, _socket, _agentId, frame) => ({
  type: "channel_history",
  messages: channel.history
    .filter((entry) => entry.seq > number(frame, "since", 0))
    .slice(-number(frame, "limit", limits.listedMessages))
}))

const status: Handler = (hub, socket, agentId, frame) => {
  send(hub, socket.id, { type: "status_updated" })
  const presence = hub.presence.get(agentId)
  if (presence !== undefined) {
    const changed = { ...presence, status: text(frame, "status", "") }
    hub.presence.set(agentId, changed)
    broadcast(hub, { type: "status_changed", agent: shown(changed) })
  }
  return []
}

const message: Handler = (hub, socket, agentId, frame, now) => {
  const sent = compose(hub, agentId, frame, "message_type", now)
  send(hub, socket.id, { type: "message_sent", id: sent.id })
  route(hub, sent)
  return []
}

const ping: Handler = (hub, _socket, agentId, _frame, now) => {
  const presence = hub.presence.get(agentId)
  if (presence !== undefined) hub.presence.set(agentId, { ...presence, lastSeen: now })
  return [{ type: "pong", timestamp: now }]
}

const listAgents: Handler = (hub) => [{ type: "agents", agents: [...hub.presence.values()].map(shown) }]

/** The channels, as the lists of frames and HTTP show them. */
export const listedChannels = (hub: Hub): ReadonlyArray<JsonObject> =>
  [...hub.channels.values()].map(({ name, description, subscribers, created_at }) => ({
    name,
    description,
    subscriber_count: subscribers.size,
    created_at
  }))

/** What the hub does with each frame that is not about a task. */
export const messageHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["ping", ping],
  ["status", status],
  ["message", message],
  ["list_agents", listAgents],
  ["list_channels", (hub) => [{ type: "channels", channels: listedChannels(hub) }]],
  ["channel_subscribe", subscribe],
  ["channel_unsubscribe", unsubscribe],
  ["channel_publish", publishFrame],
  ["channel_history", history]
])
