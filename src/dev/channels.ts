import { type Channel, type Handler, type Hub, type Message, portion, type Received, send } from "./hub.ts"
import { type JsonObject, number, text } from "./json.ts"
import { limits } from "./limits.ts"
import { put } from "./mailbox.ts"
import { compose, messageFrame } from "./messages.ts"

/** The key of a channel: its name without `#` and special characters, in lower case. */
const plainName = (name: string): string => name.replace(/^#+/, "").toLowerCase().replace(/[^a-z0-9\-_]/g, "")

export const find = (hub: Hub, name: string): Channel | undefined => hub.channels.get(plainName(name))

/** Creates a channel. False if the name is taken. */
export const create = (hub: Hub, name: string, description: string, now: number): boolean => {
  const plain = plainName(name)
  if (hub.channels.has(plain)) return false
  hub.channels.set(plain, { name: plain, description, created_at: now, subscribers: new Map(), history: [] })
  return true
}

/** A channel as frames and the HTTP API list it. */
export const shown = ({ name, description, subscribers, created_at }: Channel): JsonObject => ({
  name,
  description,
  subscriber_count: subscribers.size,
  created_at
})

/** All channels, as frames and the HTTP API list them. */
export const listed = (hub: Hub): ReadonlyArray<JsonObject> => [...hub.channels.values()].map(shown)

/** The names of the channels that an agent has subscribed. */
export const subscriptions = (hub: Hub, agentId: string): ReadonlyArray<string> =>
  [...hub.channels.values()].filter(({ subscribers }) => subscribers.has(agentId)).map(({ name }) => name)

/** Pushes to the sockets that listen to a channel, as often as each does, except those of one agent. */
const pushTo = (hub: Hub, { name }: Channel, exceptAgent: string, frame: JsonObject): void => {
  for (const socket of hub.sockets.values()) {
    if (socket.agentId === exceptAgent) continue
    for (let copy = 0; copy < (socket.channels.get(name) ?? 0); copy++) send(hub, socket.id, frame)
  }
}

/** Notes that an agent has subscribed and tells the others. False if it had. Its sockets listen from their identify on. */
export const subscribe = (hub: Hub, channel: Channel, agentId: string, now: number): boolean => {
  if (channel.subscribers.has(agentId)) return false
  channel.subscribers.set(agentId, now)
  pushTo(hub, channel, agentId, { type: "channel_agent_joined", channel: channel.name, agent_id: agentId })
  return true
}

/** Publishes to connected subscribers and to every subscriber's mailbox, whomever the message names. Returns its sequence number. */
export const publish = (hub: Hub, channel: Channel, composed: Message, now: number): number => {
  const message = { ...composed, to: null }
  const seq = (channel.history.at(-1)?.seq ?? 0) + 1
  channel.history.push({ seq, message, stored_at: now })
  if (channel.history.length > limits.channelMessages) channel.history.shift()
  for (const agentId of channel.subscribers.keys()) {
    if (agentId === message.from) continue
    put(hub, agentId, { ...message, payload: { ...message.payload, channel: channel.name } })
  }
  pushTo(hub, channel, message.from, { ...messageFrame(message), type: "channel_message", channel: channel.name })
  return seq
}

/** The newest `limit` messages of a channel after `since`. */
export const read = ({ history }: Channel, since: number, limit: number) =>
  portion(history.filter(({ seq }) => seq > since), -limit)

/** Loses the channels and subscriptions that the hub has not saved yet. */
export const loseUnsaved = (hub: Hub, now: number): void => {
  const isUnsaved = (since: number): boolean => now - since < limits.unsavedMs
  for (const { created_at, name, subscribers } of [...hub.channels.values()]) {
    if (isUnsaved(created_at)) hub.channels.delete(name)
    for (const [agentId, since] of [...subscribers]) if (isUnsaved(since)) subscribers.delete(agentId)
  }
}

/** Handles a frame that names a channel. The answer has the name as the frame wrote it. */
const onChannel = (handle: (channel: Channel, received: Received) => JsonObject): Handler => (received) => {
  const name = text(received.frame, "channel", "")
  const channel = find(received.hub, name)
  return channel === undefined
    ? [{ type: "error", error: "channel_not_found" }]
    : [{ channel: name, ...handle(channel, received) }]
}

/** What the hub does with each frame about channels. */
export const channelHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["list_channels", ({ hub }) => [{ type: "channels", channels: listed(hub) }]],
  [
    "channel_subscribe",
    onChannel((channel, { agentId, hub, now, socket }) => {
      if (!subscribe(hub, channel, agentId, now)) return { type: "channel_subscribed", note: "already_subscribed" }
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
      const message = compose(hub, agentId, frame, "message_type", now)
      return { type: "channel_published", seq: publish(hub, channel, message, now), id: message.id }
    })
  ],
  [
    "channel_history",
    onChannel((channel, { frame }) => ({
      type: "channel_history",
      messages: read(channel, number(frame, "since", 0), number(frame, "limit", limits.listedMessages))
    }))
  ]
])
