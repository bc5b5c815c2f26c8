import * as Redacted from "effect/Redacted"
import type { HubCommand } from "../domain/Command.ts"
import type { JsonObject, Task } from "../domain/Work.ts"
import { limits } from "../limits.ts"

/** Who we are to the hub. */
export interface Identity {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly capabilities: ReadonlyArray<string>
  readonly client_version?: string
}

const protocol_version = 1

// JSON.stringify escapes a surrogate only if it is a lone one. The other escapes are matched to be skipped.
const loneSurrogate = /\\ud[89a-f]/
const escapes = /\\(?:(ud[89a-f][0-9a-f]{2})|.)/g

/** JSON text with well-formed Unicode only: one lone surrogate makes a frame `invalid_json` to the hub. */
const encodeJson = (value: JsonObject): string => {
  const text = JSON.stringify(value)
  if (!loneSurrogate.test(text)) return text
  return text.replace(escapes, (escape, surrogate) => surrogate === undefined ? escape : "\ufffd")
}

/** Cuts by code points, so never inside a surrogate pair. A character of the hub's count has one code point or more. */
const cut = (text: string): string =>
  Array.from(text.slice(0, 2 * limits.hub_reason_chars)).slice(0, limits.hub_reason_chars).join("")

/** Leaves out what the hub would not take as an integer: fractions, and large numbers, which JavaScript writes with an exponent. */
const integer = (value: number | null): number | undefined =>
  value !== null && Number.isSafeInteger(value) ? value : undefined

/** Description and metadata, which frames about a task repeat; left out if they are large. */
const payloadOf = ({ payload: { description, metadata } }: Task): JsonObject => {
  const payload = { description, metadata }
  if (description.length > limits.echoed_payload_bytes) return {}
  return Buffer.byteLength(JSON.stringify(payload)) <= limits.echoed_payload_bytes ? payload : {}
}

const reportFrame = ({ task, report }: Extract<HubCommand, { readonly _tag: "SendReport" }>): JsonObject => {
  const { generation, id: task_id } = task
  return report._tag === "Complete"
    ? { type: "task_complete", task_id, generation, result: report.result, tokens_used: integer(report.tokens_used) }
    : { type: "task_failed", task_id, generation, reason: cut(report.reason) }
}

const frameOf = (command: HubCommand, { agent_id, token, capabilities, client_version }: Identity): JsonObject => {
  switch (command._tag) {
    case "Identify":
      return {
        type: "identify",
        agent_id,
        token: Redacted.value(token),
        name: agent_id,
        status: command.status,
        capabilities,
        client_type: "sidecar",
        client_version // the hub ignores fields it does not know
      }
    case "AcceptTask":
      return { type: "task_accepted", task_id: command.task.id, ...payloadOf(command.task) }
    case "RejectTask":
      return { type: "task_rejected", task_id: command.task_id, reason: cut(command.reason) }
    case "AskRecovery": {
      const { id: task_id, status } = command.task
      return { type: "task_recovering", task_id, last_status: status, ...payloadOf(command.task) }
    }
    case "ReportState": {
      const { id: task_id, status, generation, payload: { assigned_at } } = command.task
      return { type: "state_report", task_id, status, generation, assigned_at, ...payloadOf(command.task) }
    }
    case "SendReport":
      return { ...reportFrame(command), ...payloadOf(command.task) }
    case "SendProgress": {
      const { progress, execution_event } = command.progress
      return {
        type: "task_progress",
        task_id: command.task.id,
        progress: integer(progress),
        execution_event: execution_event ?? undefined,
        ...payloadOf(command.task)
      }
    }
    case "SendWakeResult": {
      const { task: { id: task_id, wake_attempts }, status, reason } = command
      return {
        type: "wake_result",
        task_id,
        status,
        attempt: wake_attempts,
        error: reason === null ? undefined : cut(reason)
      }
    }
    case "AnnounceRestart":
      return { type: "agent_restarting", reason: cut(command.reason) }
  }
}

/** The frame of a command as JSON text. Throws a RangeError if an agent's answer is nested too deeply for JSON. */
export const encodeCommand = (command: HubCommand, identity: Identity): string =>
  encodeJson({ ...frameOf(command, identity), protocol_version })

export const pingFrame: string = encodeJson({ type: "ping", protocol_version })
