import * as Option from "effect/Option"
import { close, identify } from "./connections.ts"
import type { Hub, Socket } from "./hub.ts"
import { send } from "./hub.ts"
import type { JsonObject } from "./json.ts"
import { isJsonObject, parseJson, text } from "./json.ts"
import { limits } from "./limits.ts"
import { messageHandlers } from "./messages.ts"
import { frameTier, penalised, take, violated } from "./rateLimit.ts"
import type { FieldError } from "./schemaCheck.ts"
import { checkFrame } from "./schemaCheck.ts"
import { taskHandlers } from "./taskFrames.ts"

const refuse = (
  hub: Hub,
  socket: Socket,
  frame: JsonObject,
  errors: ReadonlyArray<FieldError>,
  now: number
): void => {
  socket.violations = violated(socket.violations, now)
  if (socket.violations.count < limits.violationsPerWindow) {
    const message_type = "type" in frame ? frame["type"] : "unknown"
    send(hub, socket.id, { type: "error", error: "validation_failed", message_type, errors })
    return
  }
  if (socket.agentId !== undefined) {
    const count = (hub.cooldowns.get(socket.agentId)?.count ?? 0) + 1
    hub.cooldowns.set(socket.agentId, { count, since: now })
  }
  close(hub, socket.id, 1008, "too many validation errors", now)
}

const answer = (hub: Hub, socket: Socket, agentId: string, frame: JsonObject, now: number): void => {
  const type = text(frame, "type", "")
  if (type === "identify") {
    identify(hub, socket, frame, now)
    return
  }
  const answers = taskHandlers.get(type)?.(hub, agentId, frame, now) ??
    messageHandlers.get(type)?.(hub, socket, agentId, frame, now) ??
    [{ type: "error", error: "unknown_message_type" }]
  for (const one of answers) send(hub, socket.id, one)
}

/** Counts the frame against the agent's limit: a warning goes before the answer, a refused frame gets no other. */
const limited = (hub: Hub, socket: Socket, agentId: string, frame: JsonObject, now: number): void => {
  const tier = frameTier(text(frame, "type", ""))
  const key = `ws ${tier} ${agentId}`
  const [verdict, bucket] = take(hub.buckets.get(key), tier, now)
  hub.buckets.set(key, bucket)
  if (verdict._tag === "Deny") {
    hub.penalties.set(agentId, penalised(hub.penalties.get(agentId), now))
    send(hub, socket.id, { type: "rate_limited", retry_after_ms: verdict.retryAfterMs, tier })
    return
  }
  if (verdict._tag === "Warn") {
    const { remaining, capacity } = verdict
    send(hub, socket.id, { type: "rate_limit_warning", tier, remaining, capacity })
  }
  answer(hub, socket, agentId, frame, now)
}

/** Handles one decoded frame of an open socket. */
export const receive = (hub: Hub, id: number, frame: JsonObject, now: number): void => {
  const socket = hub.sockets.get(id)
  if (socket === undefined) return
  const errors = checkFrame(frame)
  if (errors.length > 0) refuse(hub, socket, frame, errors, now)
  else if (socket.agentId !== undefined) limited(hub, socket, socket.agentId, frame, now)
  else if (frame["type"] === "identify") identify(hub, socket, frame, now)
  else send(hub, id, { type: "error", error: "not_identified" })
}

/** Decodes a text frame; what is no JSON is answered at once, and what is no object breaks the hub's socket. */
export const decode = (hub: Hub, id: number, data: string, now: number): Option.Option<JsonObject> => {
  const parsed = parseJson(data)
  if (Option.isNone(parsed)) {
    send(hub, id, { type: "error", error: "invalid_json" })
    return Option.none()
  }
  if (isJsonObject(parsed.value)) return Option.some(parsed.value)
  close(hub, id, 1011, "", now)
  return Option.none()
}
