import * as Struct from "effect/Struct"
import type { RateTier } from "./agents.ts"
import { shown } from "./connections.ts"
import { agentOfToken, type Hub, limitRate, send } from "./hub.ts"
import { type JsonObject, number, text } from "./json.ts"
import * as messages from "./messages.ts"
import * as queue from "./queue.ts"
import { bodies, checkShape, type FieldError, schemas, type Shape } from "./schemaCheck.ts"
import { type HubTask, isTier, tiers } from "./tasks.ts"

/** A request with its decoded body. */
export interface Request {
  readonly method: string
  readonly path: string
  readonly query: ReadonlyMap<string, string>
  readonly token: string | undefined
  readonly body: JsonObject
  readonly address: string
  /** `HOST:PORT` as the client knows it. */
  readonly host: string
}

export interface Response {
  readonly status: number
  readonly body: JsonObject
}

interface Call extends Request {
  readonly hub: Hub
  readonly now: number
  /** The agent of the token; empty without one. */
  readonly agentId: string
  /** The segment of the path that the route's `*` matches. */
  readonly name: string
}

type Answer = (call: Call) => Response

const reply = (status: number, body: JsonObject): Response => ({ status, body })

const invalid = (errors: ReadonlyArray<FieldError>): Response => reply(422, { error: "validation_failed", errors })

/** A task as `GET /api/tasks/ID` shows it. */
const listed = (task: HubTask): JsonObject =>
  Struct.omit(task, ["assign_to", "skip_verification", "verification_timeout_ms"])

/** Answers with a task, or 404 without one. */
const onTask = (find: (call: Call) => HubTask | undefined, body: (task: HubTask) => JsonObject): Answer => (call) => {
  const task = find(call)
  return task === undefined
    ? reply(404, { error: "task_not_found", task_id: call.name })
    : reply(200, body(task))
}

const submit: Answer = ({ hub, body, agentId, now }) => {
  const tier = body["complexity_tier"]
  if (typeof tier === "string" && !isTier(tier)) {
    const detail = `must be one of: ${tiers.join(", ")}`
    return invalid([{ field: "complexity_tier", error: "invalid_value", detail, value: tier }])
  }
  const { id, priority, created_at } = queue.submit(hub, body, agentId, now)
  return reply(201, { status: "queued", task_id: id, priority, created_at })
}

const listTasks: Answer = ({ hub, query }) => {
  const found = [...hub.tasks.values()].filter((task) =>
    (query.get("status") ?? task.status) === task.status &&
    (query.get("assigned_to") ?? task.assigned_to) === task.assigned_to
  )
  return reply(200, { tasks: found.map(listed), count: found.length })
}

const register: Answer = ({ hub, body, host }) => {
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

const listAgents: Answer = ({ hub }) =>
  reply(200, {
    agents: [...hub.presence.values()].map((presence) => ({
      ...shown(presence),
      fsm_state: hub.agents.get(presence.agent_id)?.phase ?? "offline"
    }))
  })

const pushTask: Answer = ({ hub, body, now }) => {
  const agent_id = text(body, "agent_id", "")
  const extra = { metadata: body["metadata"] ?? {} }
  const task_id = queue.adminPush(hub, agent_id, text(body, "description", ""), extra, now)
  return task_id === undefined
    ? reply(404, { error: "agent_not_connected", agent_id })
    : reply(200, { status: "pushed", task_id, agent_id })
}

const restartSidecar: Answer = ({ hub, body, name }) => {
  const socket = hub.registry.get(name)
  if (socket === undefined) return reply(404, { error: "agent_not_connected", agent_id: name })
  const reason = text(body, "reason", "admin_commanded")
  send(hub, socket, { type: "restart_sidecar", reason })
  return reply(200, { status: "restart_commanded", agent_id: name, reason })
}

const sendMessage: Answer = ({ hub, body, agentId, now }) => {
  const message = messages.compose(hub, agentId, body, "type", now)
  messages.route(hub, message)
  return reply(200, { status: "sent", id: message.id })
}

const sayInRoom: Answer = ({ hub, body, agentId, now }) => {
  const words = text(body, "text", "")
  return words === ""
    ? reply(422, { error: "text is required" })
    : reply(201, messages.sayInRoom(hub, agentId, words, text(body, "type", "chat"), now))
}

const createChannel: Answer = ({ hub, body, now }) => {
  const channel = text(body, "name", "")
  return messages.createChannel(hub, channel, text(body, "description", ""), now)
    ? reply(201, { status: "created", channel })
    : reply(409, { error: "channel_exists" })
}

const publish: Answer = ({ hub, body, agentId, name, now }) => {
  const channel = messages.findChannel(hub, name)
  if (channel === undefined) return reply(404, { error: "channel_not_found" })
  const message = { ...messages.compose(hub, agentId, body, "type", now), to: null }
  return reply(200, { status: "published", seq: messages.publish(hub, channel, message, now) })
}

const readMailbox: Answer = ({ hub, name, query }) => {
  const since = Number(query.get("since") ?? 0)
  return Number.isInteger(since) ? reply(200, messages.mailbox(hub, name, since)) : reply(400, { error: "bad_request" })
}

const ackMailbox: Answer = ({ hub, name, body }) => {
  const up_to = number(body, "seq", 0)
  messages.acknowledge(hub, name, up_to)
  return reply(200, { status: "acked", up_to })
}

interface Route {
  readonly method: "GET" | "POST"
  /** `*` matches one segment. */
  readonly path: string
  /** Who may ask: anyone, any registered agent, or only the agent that the path names. */
  readonly who: "anyone" | "agent" | "itself"
  /** The rate limit; undefined for none. */
  readonly tier: RateTier | undefined
  readonly answer: Answer
  readonly shape?: Shape
}

const get = (path: string, who: Route["who"], tier: Route["tier"], answer: Answer): Route => ({
  method: "GET",
  path,
  who,
  tier,
  answer
})

const post = (path: string, who: Route["who"], tier: Route["tier"], answer: Answer, shape?: Shape): Route => ({
  method: "POST",
  path,
  who,
  tier,
  answer,
  ...(shape === undefined ? {} : { shape })
})

const health: Answer = ({ hub }) =>
  reply(200, { status: "ok", service: "agent_com", agents_connected: hub.presence.size })
const listChannels: Answer = ({ hub }) => reply(200, { channels: messages.listedChannels(hub) })
const getTask = onTask(({ hub, name }) => queue.find(hub, name), listed)
const cancelTask = onTask(
  ({ hub, name, now }) => queue.cancel(hub, name, now),
  ({ id, status }) => ({ status: "cancelled", task_id: id, previous_status: status })
)
const retryTask = onTask(
  ({ hub, name, now }) => queue.retry(hub, name, now),
  ({ id, priority }) => ({ status: "requeued", task_id: id, priority })
)

const routes: ReadonlyArray<Route> = [
  get("/health", "anyone", undefined, health),
  get("/api/schemas", "anyone", undefined, () => reply(200, { version: "1.0", schemas })),
  post("/api/onboard/register", "anyone", "heavy", register, bodies.register),
  get("/api/agents", "anyone", "light", listAgents),
  get("/api/channels", "anyone", "light", listChannels),
  post("/api/tasks", "agent", "heavy", submit, bodies.task),
  get("/api/tasks", "agent", "light", listTasks),
  get("/api/tasks/*", "agent", "normal", getTask),
  post("/api/tasks/*/cancel", "agent", undefined, cancelTask),
  post("/api/tasks/*/retry", "agent", "normal", retryTask),
  post("/api/admin/push-task", "agent", "heavy", pushTask, bodies.pushTask),
  post("/api/admin/agents/*/restart", "agent", undefined, restartSidecar),
  post("/api/message", "agent", "normal", sendMessage, bodies.message),
  post("/api/room/message", "agent", undefined, sayInRoom),
  post("/api/channels", "agent", "heavy", createChannel, bodies.channel),
  post("/api/channels/*/publish", "agent", "normal", publish, bodies.publish),
  get("/api/mailbox/*", "itself", undefined, readMailbox),
  post("/api/mailbox/*/ack", "itself", undefined, ackMailbox, bodies.mailboxAck)
]

/** The segment that `*` matches, empty for a pattern without it; undefined if the path does not match. */
const match = (pattern: string, path: string): string | undefined => {
  const [before = "", after] = pattern.split("*")
  if (after === undefined) return path === pattern ? "" : undefined
  if (!path.startsWith(before) || !path.endsWith(after)) return undefined
  const name = path.slice(before.length, path.length - after.length)
  return name === "" || name.includes("/") ? undefined : name
}

const findRoute = ({ method, path }: Request) => {
  for (const route of routes) {
    const name = route.method === method ? match(route.path, path) : undefined
    if (name !== undefined) return { ...route, name }
  }
  return undefined
}

/** Answers an HTTP request as the real hub's API does. */
export const handle = (hub: Hub, request: Request, now: number): Response => {
  const route = findRoute(request)
  if (route === undefined) return reply(404, { error: "not_found" })
  const { answer, name, shape, tier, who } = route
  const agentId = agentOfToken(hub, request.token)
  if (who === "itself" && agentId !== name) return reply(401, { error: "unauthorized" })
  if (who === "agent" && agentId === undefined) {
    return reply(401, { error: "unauthorized", hint: "provide Authorization: Bearer <token>" })
  }
  if (tier !== undefined) {
    const verdict = limitRate(hub, "http", who === "anyone" ? `ip:${request.address}` : agentId ?? "", tier, now)
    if (verdict._tag === "Deny") {
      return reply(429, { error: "rate_limited", retry_after_ms: verdict.retryAfterMs, tier })
    }
  }
  const errors = shape === undefined ? [] : checkShape(shape, request.body)
  if (errors.length > 0) return invalid(errors)
  return answer({ ...request, hub, now, agentId: agentId ?? "", name })
}
