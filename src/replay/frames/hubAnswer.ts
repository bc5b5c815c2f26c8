import type { HubCommand } from "../../domain/Command.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { limits as ours } from "../../limits.ts"
import type { Window } from "./Window.ts"

/** Whether the hub is about to give us the task anew, in which case it has taken it from us before. */
const isTakenBack = (window: Window, now: number, task_id: string, generation: number): boolean => {
  const latest = now + ours.assign_grace_ms
  for (const entry of window.entries()) {
    if (entry.t > latest) return false
    if (entry.dir !== "in" || !("msg" in entry)) continue
    const { msg } = entry
    if (msg["type"] === "task_assign" && msg["task_id"] === task_id) return Number(msg["generation"]) > generation
  }
  return false
}

const unknownType = (message_type: string): JsonObject => ({
  type: "error",
  error: "validation_failed",
  message_type,
  errors: [{ field: "type", error: "unknown_message_type" }]
})

const acknowledged = (task_id: string, status: string): JsonObject => ({ type: "task_ack", task_id, status })

/** What a hub answers to a frame that the recorded sidecar never sent, so that its recording has no answer; `null` where none does. */
export const hubAnswer = (command: HubCommand, agent_id: string, window: Window, now: number): JsonObject | null => {
  switch (command._tag) {
    case "Identify":
      return { type: "identified", agent_id }
    case "AcceptTask":
      return acknowledged(command.task.id, "accepted")
    case "SendReport":
      return acknowledged(command.task.id, command.report._tag === "Complete" ? "complete" : "retried")
    case "AskRecovery": {
      const { generation, id: task_id } = command.task
      return isTakenBack(window, now, task_id, generation)
        ? { type: "task_reassign", task_id }
        : { type: "task_continue", task_id, generation }
    }
    case "ReportState": {
      const { generation, id: task_id } = command.task
      return {
        type: "state_report_ack",
        task_id,
        action: isTakenBack(window, now, task_id, generation) ? "abort" : "continue"
      }
    }
    case "RejectTask":
      return unknownType("task_rejected")
    case "AnnounceRestart":
      return unknownType("agent_restarting")
    case "SendProgress":
    case "SendWakeResult":
      return null
  }
}
