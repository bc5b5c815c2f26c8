import * as Struct from "effect/Struct"
import { type Answer, type Call, invalid, reply } from "./httpAnswer.ts"
import { send } from "./hub.ts"
import { type JsonObject, text } from "./json.ts"
import * as queue from "./queue.ts"
import { type HubTask, isTier, tiers } from "./tasks.ts"

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

export const submit: Answer = ({ hub, body, agentId, now }) => {
  const tier = body["complexity_tier"]
  if (typeof tier === "string" && !isTier(tier)) {
    const detail = `must be one of: ${tiers.join(", ")}`
    return invalid([{ field: "complexity_tier", error: "invalid_value", detail, value: tier }])
  }
  const { id, priority, created_at } = queue.submit(hub, body, agentId, now)
  return reply(201, { status: "queued", task_id: id, priority, created_at })
}

export const listTasks: Answer = ({ hub, query }) => {
  const found = [...hub.tasks.values()].filter((task) =>
    (query.get("status") ?? task.status) === task.status &&
    (query.get("assigned_to") ?? task.assigned_to) === task.assigned_to
  )
  return reply(200, { tasks: found.map(listed), count: found.length })
}

export const getTask = onTask(({ hub, name }) => queue.find(hub, name), listed)

export const cancelTask = onTask(
  ({ hub, name, now }) => queue.cancel(hub, name, now),
  ({ id, status }) => ({ status: "cancelled", task_id: id, previous_status: status })
)

export const retryTask = onTask(
  ({ hub, name, now }) => queue.retry(hub, name, now),
  ({ id, priority }) => ({ status: "requeued", task_id: id, priority })
)

export const pushTask: Answer = ({ hub, body, now }) => {
  const agent_id = text(body, "agent_id", "")
  const extra = { metadata: body["metadata"] ?? {} }
  const task_id = queue.adminPush(hub, agent_id, text(body, "description", ""), extra, now)
  return task_id === undefined
    ? reply(404, { error: "agent_not_connected", agent_id })
    : reply(200, { status: "pushed", task_id, agent_id })
}

export const restartSidecar: Answer = ({ hub, body, name }) => {
  const socket = hub.registry.get(name)
  if (socket === undefined) return reply(404, { error: "agent_not_connected", agent_id: name })
  const reason = text(body, "reason", "admin_commanded")
  send(hub, socket, { type: "restart_sidecar", reason })
  return reply(200, { status: "restart_commanded", agent_id: name, reason })
}
