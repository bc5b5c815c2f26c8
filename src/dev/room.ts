import { broadcast, type Hub, portion, type RoomMessage } from "./hub.ts"
import { limits } from "./limits.ts"

const lastSeq = (hub: Hub): number => hub.room.at(-1)?.seq ?? 0

/** Says something in the room, to all but the agent in whose name it is said. */
export const say = (hub: Hub, from: string, text: string, type: unknown, timestamp: number): RoomMessage => {
  const message = { seq: lastSeq(hub) + 1, from, text, type, timestamp }
  hub.room.push(message)
  if (hub.room.length > limits.roomMessages) hub.room.shift()
  broadcast(hub, { ...message, type: "room_message", message_type: type }, from)
  return message
}

/** The newest `limit` messages after `since`; a negative limit asks for the oldest. */
export const read = (hub: Hub, since: number, limit: number) => ({
  messages: portion(hub.room.filter(({ seq }) => seq > since), -limit),
  last_seq: lastSeq(hub)
})
