import type { JsonObject } from "../../domain/Work.ts"
import { clockOf } from "../print/words.ts"
import type { ReplayEvent, Verdict } from "../ReplayEvent.ts"
import type { Difference, Kind, Sketch } from "./Drawing.ts"
import { limits } from "./limits.ts"
import { excerpt, jsonOf } from "./words.ts"

type Frame = Extract<ReplayEvent, { readonly kind: "frame" }>

const kinds: ReadonlyArray<readonly [Kind, ReadonlyArray<string>]> = [
  ["link", ["identify", "identified", "ping", "pong", "restart_sidecar", "agent_restarting", "agent_left"]],
  ["task", ["task_assign", "task_accepted"]],
  ["recovery", ["task_recovering", "task_continue", "task_reassign", "state_report", "state_report_ack"]],
  ["progress", ["task_progress", "wake_result"]],
  ["report", ["task_complete", "task_failed"]],
  ["refusal", ["error", "rate_limited", "rate_limit_warning", "task_rejected", "task_cancelled"]]
]

const kindOfType = new Map(kinds.flatMap(([kind, types]) => types.map((type) => [type, kind] as const)))

const text = (value: unknown): string => typeof value === "string" ? value : value === undefined ? "" : jsonOf(value)

const kindOf = (type: string, msg: JsonObject): Kind => {
  if (type === "task_ack") return msg["status"] === "accepted" ? "task" : "report"
  return kindOfType.get(type) ?? "other"
}

/** What tells a frame from others of its type, in a word. */
const detailOf = (type: string, msg: JsonObject): unknown => {
  switch (type) {
    case "task_ack":
    case "wake_result":
      return msg["status"]
    case "state_report_ack":
      return msg["action"]
    case "task_progress":
      return msg["progress"]
    case "error":
      return msg["error"]
    default:
      return undefined
  }
}

const labelOf = (type: string, msg: JsonObject): string => {
  const detail = detailOf(type, msg)
  return typeof detail === "string" || typeof detail === "number"
    ? excerpt(`${type} ${detail}`, limits.label_chars)
    : type
}

const faultOf = (type: string, msg: JsonObject): string | null => {
  switch (type) {
    case "error":
      return `refused by the hub: ${text(msg["error"])}`
    case "rate_limited":
      return "rate limited: the frame was dropped"
    case "task_failed":
      return `the task failed: ${text(msg["reason"] ?? msg["error"])}`
    case "task_rejected":
      return `the task was refused: ${text(msg["reason"])}`
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
  if (frame.dir === "in") return frame.unheard ? "No connection of this version was there to take it." : null
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

/** A recording has no token in it; the frame of an older client might. */
const shown = (msg: JsonObject): string => jsonOf(msg["type"] === "identify" ? { ...msg, token: "[REDACTED]" } : msg)

const textOf = (frame: Frame): string => {
  if (frame.dir === "in" || frame.verdict !== "changed" || frame.recorded === null) return shown(frame.msg)
  const { msg, t } = frame.recorded
  return `this version:\n${shown(frame.msg)}\n\nthe recording, ${clockOf(t)}:\n${shown(msg)}`
}

export const sketchFrame = (frame: Frame): Sketch => {
  const type = excerpt(text(frame.msg["type"]), limits.label_chars) || "frame without a type"
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
