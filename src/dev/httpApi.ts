import * as Struct from "effect/Struct"
import { shown } from "./connections.ts"
import type { Hub } from "./hub.ts"
import { send } from "./hub.ts"
import type { JsonObject } from "./json.ts"
import { number, text } from "./json.ts"
import * as messages from "./messages.ts"
import * as queue from "./queue.ts"
import type { FieldError } from "./schemaCheck.ts"
import type { HubTask } from "./tasks.ts"

/** A request, its body already decoded. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  readonly token: string | undefined
  readonly body: JsonObject
  /** Who asks when there is no token. */
  readonly address: string
  /** `HOST:PORT` as the client knows it. */
  readonly host: string
}

export interface Response {
  readonly status: number
  readonly body: JsonObject
}

export interface Call extends Request {
  readonly hub: Hub
  readonly now: number
  /** The agent of the token; empty where the route needs none. */
  readonly agentId: string
  /** What the path's `*` stood for. */
  readonly name: string
}

export const reply = (status: number, body: JsonObject): Response => ({ status, body })

/** What a body that breaks the rules gets. */
export const invalid = (errors: ReadonlyArray<FieldError>): Response =>
  reply(422, { error: "validation_failed", errors })

/** The task as `GET /api/tasks/ID` shows it. */
const listed = (task: HubTask): JsonObject =>
  Struct.omit(task, ["assign_to", "skip_verification", "verification_timeout_ms"])

const noTask = (id: string): Response => reply(404, { error: "task_not_found", task_id: id })

const TIERS = ["trivial", "standard", "complex", "unknown"]

export const submit = ({ hub, body, agentId, now }: Call): Response => {
  const tier = body["complexity_tier"]
  if (typeof tier === "string" && !TIERS.includes(tier)) {
    const detail = `must be one of: ${TIERS.join(", ")}`
    return invalid([{ field: "complexity_tier", error: "invalid_value", detail, value: tier }])
  }
  const { id, priority, created_at } = queue.submit(hub, body, agentId, now)
  return reply(201, { status: "queued", task_id: id, priority, created_at })
}

export const register = ({ hub, body, host }: Call): Response => {
  const agentId = text(body, "agent_id", "")
  if (agentId === "") {
    return invalid([{ field: "agent_id", error: "required", detail: "agent_id must not be empty" }])
  }
  if ([...hub.tokens.values()].includes(agentId)) return reply(409, { error: "agent_id already registered" })
  const token = [hub.makeId(), hub.makeId(), hub.makeId(), hub.makeId()].join("")
  hub.tokens.set(token, agentId)
  return reply(201, {
    agent_id: agentId,
    token,
    hub_ws_url: `ws://${host}/ws`,
    hub_api_url: `http://${host}`,
    default_repo: null
  })
}

export const listAgents = ({ hub }: Call): Response =>
  reply(200, {
    agents: [...hub.presence.values()].map((presence) => ({
      ...shown(presence),
      fsm_state: hub.agents.get(presence.agent_id)?.phase ?? "offline"
    }))
  })

export const pushTask = ({ hub, body, now }: Call): Response => {
  const agent_id = text(body, "agent_id", "")
  const extra = { metadata: body["metadata"] ?? {} }
  const task_id = queue.adminPush(hub, agent_id, text(body, "description", ""), extra, now)
  return task_id === undefined
    ? reply(404, { error: "agent_not_connected", agent_id })
    : reply(200, { status: "pushed", task_id, agent_id })
}

export const restartSidecar = ({ hub, body, name }: Call): Response => {
  const socket = hub.registry.get(name)
  if (socket === undefined) return reply(404, { error: "agent_not_connected", agent_id: name })
  const reason = text(body, "reason", "admin_commanded")
  send(hub, socket, { type: "restart_sidecar", reason })
  return reply(200, { status: "restart_commanded", agent_id: name, reason })
}

export const publish = ({ hub, body, agentId, name, now }: Call): Response => {
  const channel = messages.findChannel(hub, name)
  if (channel === undefined) return reply(404, { error: "channel_not_found" })
  const message = { ...messages.compose(hub, agentId, body, "type", now), to: null }
  return reply(200, { status: "published", seq: messages.publish(hub, channel, message, now) })
}

export const sayInRoom = ({ hub, body, agentId, now }: Call): Response => {
  const words = text(body, "text", "")
  return words === ""
    ? reply(422, { error: "text is required" })
    : reply(201, { ...messages.sayInRoom(hub, agentId, words, text(body, "type", "chat"), now) })
}

export const createChannel = ({ hub, body, now }: Call): Response => {
  const channel = text(body, "name", "")
  return messages.createChannel(hub, channel, text(body, "description", ""), now)
    ? reply(201, { status: "created", channel })
    : reply(409, { error: "channel_exists" })
}

export const sendMessage = ({ hub, body, agentId, now }: Call): Response => {
  const message = messages.compose(hub, agentId, body, "type", now)
  messages.route(hub, message)
  return reply(200, { status: "sent", id: message.id })
}

export const getTask = ({ hub, name }: Call): Response => {
  const task = queue.find(hub, name)
  return task === undefined ? noTask(name) : reply(200, listed(task))
}

export const listTasks = ({ hub, query }: Call): Response => {
  const found = [...hub.tasks.values()].filter((task) =>
    (query.get("status") ?? task.status) === task.status &&
    (query.get("assigned_to") ?? task.assigned_to) === task.assigned_to
  )
  return reply(200, { tasks: found.map(listed), count: found.length })
}

export const cancelTask = ({ hub, name, now }: Call): Response => {
  const task = queue.cancel(hub, name, now)
  return task === undefined
    ? noTask(name)
    : reply(200, { status: "cancelled", task_id: name, previous_status: task.status })
}

export const retryTask = ({ hub, name, now }: Call): Response => {
  const task = queue.retry(hub, name, now)
  return task === undefined
    ? noTask(name)
    : reply(200, { status: "requeued", task_id: name, priority: task.priority })
}

export const readMailbox = ({ hub, name, query }: Call): Response => {
  const since = Number(query.get("since") ?? 0)
  return Number.isInteger(since) ? reply(200, messages.mailbox(hub, name, since)) : reply(400, { error: "bad_request" })
}

export const ackMailbox = ({ hub, name, body }: Call): Response => {
  const up_to = number(body, "seq", 0)
  messages.acknowledge(hub, name, up_to)
  return reply(200, { status: "acked", up_to })
}
