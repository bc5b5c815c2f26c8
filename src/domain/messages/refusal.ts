import * as Predicate from "effect/Predicate"
import type { JsonObject } from "../Work.ts"
import type { Outgoing } from "./Outgoing.ts"

export const payload_bytes = 1024 * 1024 // of JSON text
export const channel_chars = 64 // the hub takes no longer name

/** The name of a channel as the hub keeps it: lower-cased, and of all characters only a-z, 0-9, - and _. */
export const plainChannel = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9_-]/g, "")

/** What is said in the room, which takes no payload. */
export const roomText = ({ text }: JsonObject): string => Predicate.isString(text) ? text : ""

const refusedChannel = (name: string): string | null => {
  if (plainChannel(name) === "") return "the name of the channel has none of a-z, 0-9, - and _"
  return name.length > channel_chars
    ? `the name of the channel has ${name.length} characters, more than ${channel_chars}`
    : null
}

const refusedTarget = ({ payload, target }: Outgoing, agent_id: string): string | null => {
  switch (target._tag) {
    case "Agent":
      return target.agent_id === agent_id ? "the receiver is this agent itself" : null
    case "Channel":
      return refusedChannel(target.channel)
    case "Room":
      return roomText(payload) === "" ? "the room takes a text, and there is none" : null
    case "All":
      return null
  }
}

const refusedPayload = (payload: JsonObject): string | null => {
  const bytes = new TextEncoder().encode(JSON.stringify(payload)).length
  return bytes > payload_bytes ? `the payload has ${bytes} bytes, more than ${payload_bytes}` : null
}

/** Rule 20: why a message is not sent at all; null if the hub may take it. */
export const refusalOf = (outgoing: Outgoing, agent_id: string): string | null =>
  refusedTarget(outgoing, agent_id) ?? refusedPayload(outgoing.payload)
