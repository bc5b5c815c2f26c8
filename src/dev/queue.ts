import * as agents from "./agents.ts"
import { emit, type Hub, send, updateAgent } from "./hub.ts"
import { type JsonObject, text } from "./json.ts"
import * as tasks from "./tasks.ts"
import type { HubTask } from "./tasks.ts"

/** The `task_assign` frame of a task. */
const assignment = (task: HubTask, now: number): JsonObject => ({
  type: "task_assign",
  task_id: task.id,
  description: task.description,
  metadata: task.metadata,
  generation: task.generation,
  assigned_at: now,
  repo: task.repo,
  branch: task.branch,
  file_hints: task.file_hints,
  success_criteria: task.success_criteria,
  verification_steps: task.verification_steps,
  complexity: task.complexity,
  skip_verification: task.skip_verification,
  verification_timeout_ms: task.verification_timeout_ms,
  max_verification_retries: task.max_verification_retries,
  ...(task.routing_decision === null ? {} : { routing_decision: task.routing_decision })
})

/** Puts a task into the queue. */
export const submit = (hub: Hub, input: JsonObject, submittedBy: string, now: number): HubTask => {
  const task = tasks.submitted(`task-${hub.makeId()}`, input, submittedBy, now)
  hub.tasks.set(task.id, task)
  hub.scheduleWanted = true
  return task
}

/** A task or dead letter by its id. */
export const find = (hub: Hub, id: string): HubTask | undefined => hub.tasks.get(id) ?? hub.deadLetters.get(id)

/** Moves a task to the dead letters. */
export const bury = (hub: Hub, task: HubTask): void => {
  hub.tasks.delete(task.id)
  hub.deadLetters.set(task.id, task)
}

/** Takes an assigned task back into the queue without telling anybody. Any other task stays as it is. */
export const reclaim = (hub: Hub, id: string, now: number, why: string): void => {
  const task = hub.tasks.get(id)
  if (task?.status !== "assigned") return
  hub.tasks.set(id, tasks.reclaimed(task, now, why))
  hub.scheduleWanted = true
}

/** Puts a dead letter into the queue again. Undefined if there is none with that id. */
export const retry = (hub: Hub, id: string, now: number): HubTask | undefined => {
  const task = hub.deadLetters.get(id)
  if (task === undefined) return undefined
  const revived = tasks.revived(task, now)
  hub.deadLetters.delete(id)
  hub.tasks.set(id, revived)
  hub.scheduleWanted = true
  return revived
}

/** Removes a task for good and tells the agent that has it. Undefined if there is none with that id. */
export const cancel = (hub: Hub, id: string, now: number): HubTask | undefined => {
  const task = find(hub, id)
  if (task === undefined) return undefined
  const live = hub.tasks.delete(id)
  hub.deadLetters.delete(id)
  hub.cancelled.set(id, { ...task, status: "cancelled", updated_at: now })
  if (live && task.assigned_to !== null) {
    const socket = hub.registry.get(task.assigned_to)
    if (socket !== undefined) send(hub, socket, { type: "task_cancelled", task_id: id, timestamp: now })
    if (hub.agents.get(task.assigned_to)?.phase !== "idle") hub.scheduleWanted = true
    updateAgent(hub, task.assigned_to, (agent) => agents.cancelled(agent, hub.count()))
  }
  return task
}

/** Sends an assignment to the registered socket of the agent. False without one. */
const push = (hub: Hub, agentId: string, frame: JsonObject, taskId: string, now: number): boolean => {
  const socket = hub.registry.get(agentId)
  if (socket === undefined) return false
  emit(hub, { _tag: "Push", socket, frame })
  updateAgent(hub, agentId, (agent) => agents.pushed(agent, taskId, now))
  return true
}

/** Pushes a task that is not in the queue, generation 0. Returns its id; undefined if the agent is not connected. */
export const adminPush = (
  hub: Hub,
  agentId: string,
  description: string,
  extra: JsonObject,
  now: number
): string | undefined => {
  const task = tasks.submitted(`task-${hub.makeId()}`, { description }, "operator", now)
  const frame: JsonObject = { ...assignment(task, now), complexity: null, max_verification_retries: 0, ...extra }
  const id = text(frame, "task_id", task.id)
  return push(hub, agentId, frame, id, now) ? id : undefined
}

const matches = (agent: agents.Agent, task: HubTask): boolean =>
  task.assign_to === null
    ? task.needed_capabilities.every((capability) => agent.capabilities.includes(capability))
    : agent.agentId === task.assign_to

const isReady = (hub: Hub, task: HubTask): boolean =>
  task.status === "queued" && task.depends_on.every((id) => find(hub, id)?.status === "completed")

/** Assigns queued tasks to idle agents: the most urgent and oldest task to the agent that has been idle longest. */
export const schedule = (hub: Hub, now: number): void => {
  hub.scheduleWanted = false
  const idle = [...hub.agents.values()]
    .filter((agent) => agent.phase === "idle" && !agents.isPenalised(hub.penalties.get(agent.agentId), now))
    .toSorted((a, b) => a.idleSince - b.idleSince)
  const queued = [...hub.tasks.values()]
    .filter((task) => isReady(hub, task))
    .toSorted((a, b) => a.priority - b.priority || a.created_at - b.created_at)
  for (const task of queued) {
    const chosen = idle.findIndex((agent) => matches(agent, task))
    const [agent] = chosen === -1 ? [] : idle.splice(chosen, 1)
    if (agent === undefined) continue
    const assigned = tasks.assigned(task, agent.agentId, now)
    hub.tasks.set(task.id, assigned)
    // An agent record without a registered socket gets tasks that nobody receives. The real hub does the same.
    push(hub, agent.agentId, assignment(assigned, now), task.id, now)
  }
}
