import * as agents from "./agents.ts"
import type { Hub } from "./hub.ts"
import { updateAgent } from "./hub.ts"
import type { JsonObject } from "./json.ts"
import { number, text } from "./json.ts"
import { bury } from "./queue.ts"
import * as tasks from "./tasks.ts"

/** Answers one frame of an identified agent; the frames to send back to it, in order. */
export type Handler = (hub: Hub, agentId: string, frame: JsonObject, now: number) => ReadonlyArray<JsonObject>

const touch = (hub: Hub, id: string, now: number): void => {
  const task = hub.tasks.get(id)
  if (task !== undefined) hub.tasks.set(id, tasks.touched(task, now))
}

const ack = (task_id: string, status: string): JsonObject => ({ type: "task_ack", task_id, status })

const error = (reason: string): JsonObject => ({ type: "error", error: reason })

const accepted: Handler = (hub, agentId, frame, now) => {
  const id = text(frame, "task_id", "")
  touch(hub, id, now)
  updateAgent(hub, agentId, (agent) => agents.accepted(agent, id))
  return [ack(id, "accepted")]
}

const progress: Handler = (hub, _agentId, frame, now) => {
  touch(hub, text(frame, "task_id", ""), now)
  return []
}

const wakeResult: Handler = (hub, _agentId, frame, now) => {
  if (frame["status"] === "success") touch(hub, text(frame, "task_id", ""), now)
  return []
}

/** Settles a report of a live task, or says why the hub refuses it. */
const report = (
  name: string,
  settle: (hub: Hub, task: tasks.HubTask, frame: JsonObject, now: number) => string
): Handler =>
(hub, agentId, frame, now) => {
  const id = text(frame, "task_id", "")
  const task = hub.tasks.get(id)
  const refusal = task === undefined ? "not_found" : tasks.refusal(task, number(frame, "generation", 0))
  if (task === undefined || refusal !== undefined) return [error(`${name}_failed: ${refusal}`)]
  const status = settle(hub, task, frame, now)
  if (status !== "dead_letter" || hub.agents.get(agentId)?.phase === "working") hub.scheduleWanted = true
  updateAgent(hub, agentId, (agent) => agents.reported(agent, hub.count()))
  return [ack(id, status)]
}

const complete = report("task_complete", (hub, task, frame, now) => {
  hub.tasks.set(task.id, tasks.completed(task, frame, now))
  return "complete"
})

const fail = report("task_fail", (hub, task, frame, now) => {
  const why = text(frame, "error", null) ?? text(frame, "reason", "unknown")
  const failed = tasks.failed(task, why, now)
  if (failed.status === "dead_letter") bury(hub, failed)
  else hub.tasks.set(task.id, failed)
  return failed.status === "dead_letter" ? "dead_letter" : "retried"
})

/** The hub does not look who asks: only whether somebody has the task. */
const recovering: Handler = (hub, _agentId, frame) => {
  const id = text(frame, "task_id", "")
  const task = hub.tasks.get(id)
  return task?.status === "assigned"
    ? [{ type: "task_continue", task_id: id, generation: task.generation }]
    : [{ type: "task_reassign", task_id: id }]
}

const stateReport: Handler = (hub, agentId, frame, now) => {
  const id = text(frame, "task_id", "")
  const task = hub.tasks.get(id)
  const ours = task?.status === "assigned" && task.assigned_to === agentId &&
    task.generation === number(frame, "generation", 0)
  if (ours) touch(hub, id, now)
  return [{ type: "state_report_ack", task_id: id, action: ours ? "continue" : "abort" }]
}

/** What the hub does with each task frame. */
export const taskHandlers: ReadonlyMap<string, Handler> = new Map([
  ["task_accepted", accepted],
  ["task_progress", progress],
  ["task_complete", complete],
  ["task_failed", fail],
  ["task_recovering", recovering],
  ["state_report", stateReport],
  ["wake_result", wakeResult],
  ["resource_report", () => []],
  ["ollama_report", () => [{ type: "ollama_report_ack", status: "registered" }]]
])
