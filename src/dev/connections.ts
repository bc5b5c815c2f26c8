import * as agents from "./agents.ts"
import { agentOfToken, broadcast, type Hub, type Output, type Presence, send, type Socket } from "./hub.ts"
import { type JsonObject, text, texts } from "./json.ts"
import { reclaim } from "./queue.ts"

/** Records a new socket. Returns its number. */
export const connect = (hub: Hub, now: number): number => {
  const id = hub.count()
  hub.sockets.set(id, {
    id,
    agentId: undefined,
    subscriptions: 0,
    channels: new Map(),
    lastActive: now,
    violations: undefined,
    waiting: undefined
  })
  return id
}

/** Removes the presence of an agent and tells everybody, the agent included. */
export const leave = (hub: Hub, agentId: string): void => {
  hub.presence.delete(agentId)
  broadcast(hub, { type: "agent_left", agent_id: agentId })
}

/** Removes a socket with its registration, its agent's presence, and the records of agents that identified on it. */
export const disconnect = (hub: Hub, id: number, now: number): void => {
  const socket = hub.sockets.get(id)
  if (socket === undefined) return
  hub.sockets.delete(id)
  for (const [agentId, registered] of hub.registry) if (registered === id) hub.registry.delete(agentId)
  if (socket.agentId !== undefined) leave(hub, socket.agentId)
  for (const agent of [...hub.agents.values()].filter((one) => one.socket === id)) {
    hub.agents.delete(agent.agentId)
    if (agent.taskId !== undefined) reclaim(hub, agent.taskId, now, "agent_disconnect")
  }
}

/** A frame, in either direction, keeps an idle socket open. A ping of the WebSocket does not. */
export const hear = (hub: Hub, id: number, now: number): void => {
  const socket = hub.sockets.get(id)
  if (socket !== undefined) socket.lastActive = Math.max(socket.lastActive, now)
}

/** What is sent on a socket keeps it open, even if it does not arrive. */
export const keepOpen = (hub: Hub, output: Output, now: number): void => {
  if (output._tag === "Send" || output._tag === "Push") hear(hub, output.socket, now)
}

/** Moves the last frame of every socket `millis` forward. */
export const keepAlive = (hub: Hub, millis: number): void => {
  for (const socket of hub.sockets.values()) socket.lastActive += millis
}

/** Closes a socket with a code and a reason. */
export const close = (hub: Hub, id: number, code: number, reason: string, now: number): void => {
  if (!hub.sockets.has(id)) return
  hub.outputs.push({ _tag: "Close", socket: id, code, reason })
  disconnect(hub, id, now)
}

/** Drops a socket without a close frame: the client sees 1006. */
export const terminate = (hub: Hub, id: number, now: number): void => {
  if (!hub.sockets.has(id)) return
  hub.outputs.push({ _tag: "Terminate", socket: id })
  disconnect(hub, id, now)
}

/** The presence of an agent as other agents see it. */
export const shown = ({ agent_id, name, status, capabilities, connected_at }: Presence): JsonObject => ({
  agent_id,
  name,
  status,
  capabilities,
  connected_at
})

const join = (hub: Hub, socket: Socket, agentId: string, frame: JsonObject, now: number): void => {
  const name = text(frame, "name", agentId)
  const capabilities = texts(frame, "capabilities")
  const held = [...hub.tasks.values()].find((task) => task.status === "assigned" && task.assigned_to === agentId)
  hub.agents.set(
    agentId,
    agents.identified({ agentId, socket: socket.id, capabilities, idleSince: hub.count() }, held?.id, now)
  )
  if (!hub.registry.has(agentId)) hub.registry.set(agentId, socket.id)
  const presence = {
    agent_id: agentId,
    name,
    status: text(frame, "status", "connected"),
    capabilities,
    connected_at: now
  }
  hub.presence.set(agentId, presence)
  socket.agentId = agentId
  send(hub, socket.id, { type: "identified", agent_id: agentId })
  broadcast(hub, { type: "agent_joined", agent: shown(presence) }, agentId)
  socket.subscriptions += 1
  for (const channel of hub.channels.values()) {
    if (channel.subscribers.has(agentId)) {
      socket.channels.set(channel.name, (socket.channels.get(channel.name) ?? 0) + 1)
    }
  }
  hub.scheduleWanted = true
}

/** Handles an identify. A refused one leaves the socket open and unidentified. */
export const identify = (hub: Hub, socket: Socket, frame: JsonObject, now: number): void => {
  const agentId = text(frame, "agent_id", "")
  const seconds = agents.cooldownSeconds(hub.cooldowns.get(agentId), now)
  if (seconds > 0) {
    close(hub, socket.id, 1008, `cooldown active: retry in ${seconds}s`, now)
    return
  }
  const owner = agentOfToken(hub, text(frame, "token", undefined))
  if (owner === agentId) join(hub, socket, agentId, frame, now)
  else send(hub, socket.id, { type: "error", error: owner === undefined ? "invalid_token" : "token_agent_mismatch" })
}
