import * as Option from "effect/Option"
import * as agents from "./agents.ts"
import { channelHandlers } from "./channels.ts"
import { close, identify } from "./connections.ts"
import { emit, type Handler, type Hub, limitRate, type Received, send, type Socket, updateAgent } from "./hub.ts"
import { isJsonObject, type JsonObject, number, parseJson, text } from "./json.ts"
import { limits } from "./limits.ts"
import { messageHandlers } from "./messages.ts"
import { bury } from "./queue.ts"
import { checkFrame, type FieldError } from "./schemaCheck.ts"
import * as tasks from "./tasks.ts"

const idOf = (frame: JsonObject): string => text(frame, "task_id", "")

const touch = ({ frame, hub, now }: Received): void => {
  const task = hub.tasks.get(idOf(frame))
  if (task !== undefined) hub.tasks.set(task.id, tasks.touched(task, now))
}

const ack = (task_id: string, status: string): JsonObject => ({ type: "task_ack", task_id, status })

/** Takes a report of a task, or says why it is refused. `settle` changes the task and returns the status to acknowledge. */
const report = (name: string, settle: (task: tasks.HubTask, received: Received) => string): Handler => (received) => {
  const { agentId, frame, hub } = received
  const id = idOf(frame)
  const task = hub.tasks.get(id)
  const refusal = task === undefined ? "not_found" : tasks.refusal(task, number(frame, "generation", 0))
  if (task === undefined || refusal !== undefined) return [{ type: "error", error: `${name}_failed: ${refusal}` }]
  const status = settle(task, received)
  if (status !== "dead_letter" || hub.agents.get(agentId)?.phase === "working") hub.scheduleWanted = true
  updateAgent(hub, agentId, (agent) => agents.reported(agent, hub.count()))
  return [ack(id, status)]
}

/** What the hub does with each frame about a task. */
const taskHandlers: ReadonlyMap<string, Handler> = new Map<string, Handler>([
  ["task_accepted", (received) => {
    const id = idOf(received.frame)
    touch(received)
    updateAgent(received.hub, received.agentId, (agent) => agents.accepted(agent, id))
    return [ack(id, "accepted")]
  }],
  ["task_progress", (received) => {
    touch(received)
    return []
  }],
  [
    "task_complete",
    report("task_complete", (task, { frame, hub, now }) => {
      hub.tasks.set(task.id, tasks.completed(task, frame, now))
      return "complete"
    })
  ],
  [
    "task_failed",
    report("task_fail", (task, { frame, hub, now }) => {
      const why = text(frame, "error", null) ?? text(frame, "reason", "unknown")
      const failed = tasks.failed(task, why, now)
      if (failed.status === "dead_letter") bury(hub, failed)
      else hub.tasks.set(task.id, failed)
      return failed.status === "dead_letter" ? "dead_letter" : "retried"
    })
  ],
  ["task_recovering", ({ frame, hub }) => {
    const task_id = idOf(frame)
    const task = hub.tasks.get(task_id)
    // The hub does not check who asks: only whether the task is assigned to anybody.
    return task?.status === "assigned"
      ? [{ type: "task_continue", task_id, generation: task.generation }]
      : [{ type: "task_reassign", task_id }]
  }],
  ["state_report", (received) => {
    const { agentId, frame, hub } = received
    const task_id = idOf(frame)
    const task = hub.tasks.get(task_id)
    const ours = task?.status === "assigned" && task.assigned_to === agentId &&
      task.generation === number(frame, "generation", 0)
    if (ours) touch(received)
    return [{ type: "state_report_ack", task_id, action: ours ? "continue" : "abort" }]
  }],
  ["wake_result", (received) => {
    if (received.frame["status"] === "success") touch(received)
    return []
  }],
  ["resource_report", () => []],
  ["ollama_report", () => [{ type: "ollama_report_ack", status: "registered" }]]
])

/** Answers a frame that breaks its schema. Too many of them close the socket and start a cooldown. */
const refuse = (
  hub: Hub,
  socket: Socket,
  frame: JsonObject,
  errors: ReadonlyArray<FieldError>,
  now: number
): void => {
  socket.violations = agents.violated(socket.violations, now)
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

/** Handles a frame within the agent's rate limit. A warning precedes the answer; a refused frame gets no other answer. */
const handle = (received: Received): void => {
  const { agentId, frame, hub, now, socket } = received
  const type = text(frame, "type", "")
  const tier = agents.frameTier(type)
  const verdict = limitRate(hub, "ws", agentId, tier, now)
  if (verdict._tag === "Deny") {
    return send(hub, socket.id, { type: "rate_limited", retry_after_ms: verdict.retryAfterMs, tier })
  }
  if (verdict._tag === "Warn") {
    const { remaining, capacity } = verdict
    send(hub, socket.id, { type: "rate_limit_warning", tier, remaining, capacity })
  }
  if (type === "identify") return identify(hub, socket, frame, now)
  const answers = (taskHandlers.get(type) ?? messageHandlers.get(type) ?? channelHandlers.get(type))?.(received) ??
    [{ type: "error", error: "unknown_message_type" }]
  const answer = (frames: ReadonlyArray<JsonObject>): void => frames.forEach((one) => send(hub, socket.id, one))
  if (typeof answers !== "function") return answer(answers)
  socket.waiting = []
  answers(
    (frames, at) => {
      const waiting = socket.waiting ?? []
      socket.waiting = undefined
      answer(frames)
      for (const next of waiting) {
        if (next._tag === "Receive") receive(hub, socket.id, next.frame, at)
        else emit(hub, next.output)
      }
    },
    (at) => close(hub, socket.id, 1011, "", at)
  )
}

/** Handles one decoded frame of an open socket, after the message that the hub works on for it. */
export const receive = (hub: Hub, id: number, frame: JsonObject, now: number): void => {
  const socket = hub.sockets.get(id)
  if (socket === undefined) return
  if (socket.waiting !== undefined) return void socket.waiting.push({ _tag: "Receive", frame })
  const errors = checkFrame(frame)
  if (errors.length > 0) refuse(hub, socket, frame, errors, now)
  else if (socket.agentId !== undefined) handle({ hub, socket, agentId: socket.agentId, frame, now })
  else if (frame["type"] === "identify") identify(hub, socket, frame, now)
  else send(hub, id, { type: "error", error: "not_identified" })
}

/** Decodes a text frame. Text that is not JSON gets an error frame; JSON that is not an object closes the socket. */
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
