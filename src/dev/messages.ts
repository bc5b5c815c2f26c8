import { shown } from "./connections.ts"
import { store } from "./history.ts"
import { broadcast, type Handler, type Hub, type Job, type Message, send } from "./hub.ts"
import { type JsonObject, object, text } from "./json.ts"
import { put, putForAbsent } from "./mailbox.ts"

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

/** A message as its receivers get it. */
export const messageFrame = ({ id, from, type, payload, reply_to, timestamp }: Message): JsonObject => ({
  type: "message",
  id,
  from,
  message_type: type,
  payload,
  reply_to,
  timestamp
})

/** Sends to one agent, or to its mailbox if it is not connected. Without an addressee, to everybody and the sender. */
const deliver = (hub: Hub, message: Message, now: number, done: Job["run"]): void => {
  if (message.to === null || message.to === "broadcast") {
    broadcast(hub, messageFrame(message))
    return putForAbsent(hub, message, now, done)
  }
  const socket = hub.registry.get(message.to)
  if (socket === undefined) put(hub, message.to, message)
  else send(hub, socket, messageFrame(message))
  done(now)
}

/** Stores a message, then delivers it. One that is not stored in time is not delivered, but stored in the end. */
export const dispatch = (hub: Hub, message: Message, now: number, sent: Job["run"], gaveUp: Job["run"]): void =>
  store(hub, message, now, (at) => deliver(hub, message, at, sent), gaveUp)

/** What the hub does with each frame that is about neither a task nor a channel. */
export const messageHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["ping", ({ now }) => [{ type: "pong", timestamp: now }]],
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
  ["message", ({ agentId, frame, hub, now }) => (answered, gaveUp) => {
    const message = compose(hub, agentId, frame, "message_type", now)
    dispatch(hub, message, now, (at) => answered([{ type: "message_sent", id: message.id }], at), gaveUp)
  }],
  ["list_agents", ({ hub }) => [{ type: "agents", agents: [...hub.presence.values()].map(shown) }]]
])
