import type { JsonObject } from "../../domain/Work.ts"
import { limits } from "../limits.ts"
import type { ReplayEvent, Verdict } from "../ReplayEvent.ts"
import { clockOf, excerpt, jsonOf } from "../words.ts"
import type { Difference, EventNode, Kind } from "./Drawing.ts"

type Frame = Extract<ReplayEvent, { readonly kind: "frame" }>

const kinds: ReadonlyArray<readonly [Kind, ReadonlyArray<string>]> = [
  ["link", ["identify", "identified", "ping", "pong", "restart_sidecar", "agent_restarting", "agent_left"]],
  ["task", ["task_assign", "task_accepted"]],
  ["recovery", ["task_recovering", "task_continue", "task_reassign", "state_report", "state_report_ack"]],
  ["progress", ["task_progress", "wake_result"]],
  ["report", ["task_complete", "task_failed"]],
  ["talk", ["message", "channel_message", "room_message"]],
  ["refusal", ["error", "rate_limited", "rate_limit_warning", "task_rejected", "task_cancelled"]]
]

const kindOfType = new Map(kinds.flatMap(([kind, types]) => types.map((type) => [type, kind] as const)))

const asText = (value: unknown): string => typeof value === "string" ? value : value === undefined ? "" : jsonOf(value)

const kindOf = (type: string, msg: JsonObject): Kind => {
  if (type === "task_ack") return msg["status"] === "accepted" ? "task" : "report"
  return kindOfType.get(type) ?? "other"
}

/** The field that distinguishes a frame from others of its type. */
const details = new Map([
  ["task_ack", "status"],
  ["wake_result", "status"],
  ["state_report_ack", "action"],
  ["task_progress", "progress"],
  ["error", "error"],
  ["message", "from"],
  ["channel_message", "channel"],
  ["room_message", "from"]
])

const labelOf = (type: string, msg: JsonObject): string => {
  const field = details.get(type)
  const detail = field === undefined ? undefined : msg[field]
  return typeof detail === "string" || typeof detail === "number"
    ? excerpt(`${type} ${detail}`, limits.label_chars)
    : type
}

const faultOf = (type: string, msg: JsonObject): string | null => {
  switch (type) {
    case "error":
      return `refused by the hub: ${asText(msg["error"])}`
    case "rate_limited":
      return "rate limited: the frame was dropped"
    case "task_failed":
      return `the task failed: ${asText(msg["reason"] ?? msg["error"])}`
    case "task_rejected":
      return `the task was refused: ${asText(msg["reason"])}`
    case "task_ack":
      return msg["status"] === "dead_letter" ? "the hub gave the task up" : null
    default:
      return null
  }
}

const differenceOf: Readonly<Record<Verdict, Difference | null>> = {
  same: null,
  beyond: null,
  changed: "changed",
  recorded: "missing",
  ours: "extra"
}

const noteOf = (frame: Frame): string | null => {
  if (frame.dir === "in") return frame.unheard ? "This version had no connection to receive it." : null
  switch (frame.verdict) {
    case "changed":
      return `This version and the recorded one differ in: ${frame.fields.join(", ")}.`
    case "recorded":
      return "Only the recorded sidecar sent it; this version does not."
    case "ours":
      return "Only this version sends it; the recorded sidecar did not."
    case "beyond":
      return "It comes after the end of the recording, which cannot tell."
    case "same":
      return null
  }
}

/** Our recordings have no token, but an older client's may have one. */
const shown = (msg: JsonObject): string => jsonOf(msg["type"] === "identify" ? { ...msg, token: "[REDACTED]" } : msg)

const textOf = (frame: Frame): string => {
  if (frame.dir === "in" || frame.verdict !== "changed" || frame.recorded === null) return shown(frame.msg)
  const { msg, t } = frame.recorded
  return `this version:\n${shown(frame.msg)}\n\nthe recording, ${clockOf(t)}:\n${shown(msg)}`
}

/** How a frame is drawn. */
export const frameNode = (frame: Frame): EventNode => {
  const type = excerpt(asText(frame.msg["type"]), limits.label_chars) || "frame without a type"
  const isOurs = frame.dir === "in" || frame.verdict !== "recorded"
  return {
    lane: frame.dir,
    kind: kindOf(type, frame.msg),
    label: labelOf(type, frame.msg),
    text: textOf(frame),
    fault: isOurs ? faultOf(type, frame.msg) : null,
    differs: frame.dir === "in" ? null : differenceOf[frame.verdict],
    note: noteOf(frame)
  }
}
