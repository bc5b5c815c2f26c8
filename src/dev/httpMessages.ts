import * as channels from "./channels.ts"
import * as history from "./history.ts"
import { type Answer, type Call, crashed, reply, type Response, withNumbers } from "./httpAnswer.ts"
import type { Channel } from "./hub.ts"
import { number, text } from "./json.ts"
import { limits } from "./limits.ts"
import * as mailbox from "./mailbox.ts"
import * as messages from "./messages.ts"
import * as room from "./room.ts"

export const sendMessage: Answer = ({ hub, body, agentId, now }) => (respond) => {
  const message = messages.compose(hub, agentId, body, "type", now)
  messages.dispatch(
    hub,
    message,
    now,
    () => respond(reply(200, { status: "sent", id: message.id })),
    () => respond(crashed)
  )
}

export const findMessages = withNumbers(
  { start_time: -Infinity, end_time: Infinity, cursor: 0, limit: limits.listedMessages },
  (numbers, { hub, query }) =>
    reply(200, {
      ...history.find(hub, {
        ...numbers,
        from: query.get("from"),
        to: query.get("to"),
        channel: query.get("channel")
      })
    })
)

/** The hub's threads stay empty, whatever a message replies to. */
export const readThread: Answer = ({ name }) => reply(200, { root: name, count: 0, messages: [] })

export const readReplies: Answer = ({ name }) => reply(200, { parent: name, count: 0, replies: [] })

export const readMailbox = withNumbers(
  { since: 0 },
  ({ since }, { hub, name }) => reply(200, mailbox.read(hub, name, since))
)

export const ackMailbox: Answer = ({ hub, name, body }) => {
  const up_to = number(body, "seq", 0)
  mailbox.acknowledge(hub, name, up_to)
  return reply(200, { status: "acked", up_to })
}

const say = ({ hub, body, now }: Call, from: string, type: unknown): Response => {
  const words = text(body, "text", "")
  return words === ""
    ? reply(422, { error: "text is required" })
    : reply(201, { ...room.say(hub, from, words, type, now) })
}

export const sayInRoom: Answer = (call) => say(call, call.agentId, call.body["type"] ?? "chat")

/** A person speaks under any name, that of an agent too. */
export const sayAsPerson: Answer = (call) => say(call, text(call.body, "from", "human"), "chat")

export const readRoom = withNumbers(
  { since: 0, limit: limits.listedMessages },
  ({ since, limit }, { hub }) => reply(200, room.read(hub, since, limit))
)

export const listChannels: Answer = ({ hub }) => reply(200, { channels: channels.listed(hub) })

export const createChannel: Answer = ({ hub, body, now }) => {
  const channel = text(body, "name", "")
  return channels.create(hub, channel, text(body, "description", ""), now)
    ? reply(201, { status: "created", channel })
    : reply(409, { error: "channel_exists" })
}

/** Answers about a channel, or 404 without one. */
const onChannel = (answer: (channel: Channel, call: Call) => Response) => (call: Call): Response => {
  const channel = channels.find(call.hub, call.name)
  return channel === undefined ? reply(404, { error: "channel_not_found" }) : answer(channel, call)
}

export const showChannel = onChannel((channel) => reply(200, channels.shown(channel)))

export const publish = onChannel((channel, { hub, body, agentId, now }) => {
  const message = messages.compose(hub, agentId, body, "type", now)
  return reply(200, { status: "published", seq: channels.publish(hub, channel, message, now) })
})

/** The agent's open sockets stay deaf: they listen to what was subscribed at their identify. */
export const subscribe = onChannel((channel, { hub, agentId, name, now }) => {
  channels.subscribe(hub, channel, agentId, now)
  return reply(200, { status: "subscribed", channel: name })
})

/** The agent's open sockets still listen. */
export const unsubscribe = onChannel((channel, { agentId, name }) => {
  channel.subscribers.delete(agentId)
  return reply(200, { status: "unsubscribed", channel: name })
})

export const readChannel = withNumbers(
  { since: 0, limit: limits.listedMessages },
  ({ since, limit }, call) =>
    onChannel((channel) => {
      const found = channels.read(channel, since, limit)
      return reply(200, { channel: call.name, messages: found, count: found.length })
    })(call)
)

export const listSubscriptions: Answer = ({ hub, name }) =>
  reply(200, { agent_id: name, channels: channels.subscriptions(hub, name) })
