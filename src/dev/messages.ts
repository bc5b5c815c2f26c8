import { shown } from "./connections.ts"
import { broadcast, type Channel, type Handler, type Hub, type Message, type Received, send } from "./hub.ts"
import { type JsonObject, number, object, text } from "./json.ts"
import { limits } from "./limits.ts"

/** A message from its frame or HTTP body. `typeKey` is the key of its type, which differs between the two. */
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

/** Sends to one agent, or to its mailbox if it is not connected. Without an addressee, to everybody and the sender. */
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

/** The messages of a mailbox after the sequence number `since`. */
export const mailbox = (hub: Hub, agentId: string, since: number) => {
  const messages = (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > since)
  return { agent_id: agentId, count: messages.length, last_seq: messages.at(-1)?.seq ?? since, messages }
}

/** Removes the messages up to a sequence number from a mailbox. */
export const acknowledge = (hub: Hub, agentId: string, upTo: number): void => {
  hub.mailboxes.set(agentId, (hub.mailboxes.get(agentId) ?? []).filter((message) => message.seq > upTo))
}

/** The key of a channel: its name without `#` and special characters, in lower case. */
const plainName = (name: string): string => name.replace(/^#+/, "").toLowerCase().replace(/[^a-z0-9\-_]/g, "")

export const findChannel = (hub: Hub, name: string): Channel | undefined => hub.channels.get(plainName(name))

/** Creates a channel. False if the name is taken. */
export const createChannel = (hub: Hub, name: string, description: string, now: number): boolean => {
  const plain = plainName(name)
  if (hub.channels.has(plain)) return false
  hub.channels.set(plain, { name: plain, description, created_at: now, subscribers: new Set(), history: [] })
  return true
}

/** Publishes to connected subscribers and to every subscriber's mailbox. Returns the sequence number of the message. */
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

/** Sends a message to the room, and returns it. */
export const sayInRoom = (hub: Hub, from: string, words: string, type: string, timestamp: number) => {
  hub.room.seq += 1
  const message = { seq: hub.room.seq, from, text: words, timestamp }
  broadcast(hub, { ...message, type: "room_message", message_type: type }, from)
  return { ...message, type }
}

/** The channels as frames and the HTTP API list them. */
export const listedChannels = (hub: Hub): ReadonlyArray<JsonObject> =>
  [...hub.channels.values()].map(({ name, description, subscribers, created_at }) => ({
    name,
    description,
    subscriber_count: subscribers.size,
    created_at
  }))

/** Handles a frame that names a channel. */
const onChannel = (handle: (channel: Channel, received: Received) => JsonObject): Handler => (received) => {
  const name = text(received.frame, "channel", "")
  const channel = findChannel(received.hub, name)
  return channel === undefined
    ? [{ type: "error", error: "channel_not_found" }]
    : [{ channel: name, ...handle(channel, received) }]
}

/** What the hub does with each frame that is not about a task. */
export const messageHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["ping", ({ agentId, hub, now }) => {
    const presence = hub.presence.get(agentId)
    if (presence !== undefined) hub.presence.set(agentId, { ...presence, lastSeen: now })
    return [{ type: "pong", timestamp: now }]
  }],
  ["status", ({ agentId, frame, hub, socket }) => {
    send(hub, socket.id, { type: "status_updated" })
    const presence = hub.presence.get(agentId)
    if (presence !== undefined) {
      const changed = { ...presence, status: text(frame, "status", "") }
      hub.presence.set(agentId, changed)
      broadcast(hub, { type: "status_changed", agent: shown(changed) })
    }
    return []
  }],
  ["message", ({ agentId, frame, hub, now, socket }) => {
    const sent = compose(hub, agentId, frame, "message_type", now)
    send(hub, socket.id, { type: "message_sent", id: sent.id })
    route(hub, sent)
    return []
  }],
  ["list_agents", ({ hub }) => [{ type: "agents", agents: [...hub.presence.values()].map(shown) }]],
  ["list_channels", ({ hub }) => [{ type: "channels", channels: listedChannels(hub) }]],
  [
    "channel_subscribe",
    onChannel((channel, { agentId, socket }) => {
      if (channel.subscribers.has(agentId)) return { type: "channel_subscribed", note: "already_subscribed" }
      channel.subscribers.add(agentId)
      socket.channels.set(channel.name, (socket.channels.get(channel.name) ?? 0) + 1)
      return { type: "channel_subscribed" }
    })
  ],
  [
    "channel_unsubscribe",
    onChannel((channel, { agentId, socket }) => {
      channel.subscribers.delete(agentId)
      socket.channels.delete(channel.name)
      return { type: "channel_unsubscribed" }
    })
  ],
  [
    "channel_publish",
    onChannel((channel, { agentId, frame, hub, now }) => {
      const message = { ...compose(hub, agentId, frame, "message_type", now), to: null }
      return { type: "channel_published", seq: publish(hub, channel, message, now), id: message.id }
    })
  ],
  [
    "channel_history",
    onChannel((channel, { frame }) => ({
      type: "channel_history",
      messages: channel.history
        .filter((entry) => entry.seq > number(frame, "since", 0))
        .slice(-number(frame, "limit", limits.listedMessages))
    }))
  ]
])
