import * as Redacted from "effect/Redacted"
import type { HubCommand } from "../domain/Command.ts"
import type { FrameKind } from "../domain/SidecarState.ts"
import type { JsonObject, Task } from "../domain/Work.ts"
import { encodeJson } from "../text/json.ts"

const hub_reason_chars = 2_000
/** The hub accepts frames of up to 16 MiB. */
export const max_sent_frame_bytes = 17 * 1024 * 1024

export const echoed_payload_bytes = 64 * 1024

/** Who we are to the hub. */
export interface Identity {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly capabilities: ReadonlyArray<string>
  readonly client_version?: string
}

const protocol_version = 1

/** Cuts by code points, so never inside a surrogate pair. A character of the hub's count has one code point or more. */
const cut = (text: string): string =>
  Array.from(text.slice(0, 2 * hub_reason_chars)).slice(0, hub_reason_chars).join("")

/** Leaves out what the hub would not take as an integer: fractions, and large numbers, which JavaScript writes with an exponent. */
const integer = (value: number | null): number | undefined =>
  value !== null && Number.isSafeInteger(value) ? value : undefined

/** Description and metadata, which frames about a task repeat; left out if they are large. */
const payloadOf = ({ payload: { description, metadata } }: Task): JsonObject => {
  const payload = { description, metadata }
  if (description.length > echoed_payload_bytes) return {}
  return Buffer.byteLength(JSON.stringify(payload)) <= echoed_payload_bytes ? payload : {}
}

/** How one command is sent. `kind`: what the rules call the frame, if they have to know whether the hub takes it. */
interface Frame<Tag extends HubCommand["_tag"]> {
  readonly kind: FrameKind | null
  readonly types: ReadonlyArray<string>
  /** The fields of the frame. Without a `type` among them it has the first of `types`. */
  readonly fields: (command: Extract<HubCommand, { readonly _tag: Tag }>, identity: Identity) => JsonObject
}

/** The table of all frames to the hub, except `ping`. */
const frames: { readonly [Tag in HubCommand["_tag"]]: Frame<Tag> } = {
  Identify: {
    kind: null,
    types: ["identify"],
    fields: ({ status }, { agent_id, capabilities, client_version, token }) => ({
      agent_id,
      token: Redacted.value(token),
      name: agent_id,
      status,
      capabilities,
      client_type: "sidecar",
      client_version // the hub ignores fields it does not know
    })
  },
  AcceptTask: {
    kind: "accept",
    types: ["task_accepted"],
    fields: ({ task }) => ({ task_id: task.id, ...payloadOf(task) })
  },
  RejectTask: {
    kind: "reject",
    types: ["task_rejected"],
    fields: ({ reason, task_id }) => ({ task_id, reason: cut(reason) })
  },
  AskRecovery: {
    kind: "recovery",
    types: ["task_recovering"],
    fields: ({ task }) => ({ task_id: task.id, last_status: task.status, ...payloadOf(task) })
  },
  ReportState: {
    kind: "state",
    types: ["state_report"],
    fields: ({ task }) => {
      const { generation, id: task_id, payload: { assigned_at }, status } = task
      return { task_id, status, generation, assigned_at, ...payloadOf(task) }
    }
  },
  SendReport: {
    kind: "report",
    types: ["task_complete", "task_failed"],
    fields: ({ report, task }) => {
      const { generation, id: task_id } = task
      const outcome = report._tag === "Complete"
        ? { type: "task_complete", result: report.result, tokens_used: integer(report.tokens_used) }
        : { type: "task_failed", reason: cut(report.reason) }
      return { task_id, generation, ...outcome, ...payloadOf(task) }
    }
  },
  SendProgress: {
    kind: "progress",
    types: ["task_progress"],
    fields: ({ progress: { execution_event, progress }, task }) => ({
      task_id: task.id,
      progress: integer(progress),
      execution_event: execution_event ?? undefined,
      ...payloadOf(task)
    })
  },
  SendWakeResult: {
    kind: "wake_result",
    types: ["wake_result"],
    fields: ({ reason, status, task: { id: task_id, wake_attempts } }) => ({
      task_id,
      status,
      attempt: wake_attempts,
      error: reason === null ? undefined : cut(reason)
    })
  },
  Subscribe: { kind: "talk", types: ["channel_subscribe"], fields: ({ channel }) => ({ channel }) },
  Unsubscribe: { kind: "talk", types: ["channel_unsubscribe"], fields: ({ channel }) => ({ channel }) },
  ShowPresence: { kind: "presence", types: ["status"], fields: ({ text }) => ({ status: text }) },
  AnnounceRestart: {
    kind: null,
    types: ["agent_restarting"],
    fields: ({ reason }) => ({ reason: cut(reason) })
  }
}

const kinds = new Map(Object.values(frames).flatMap(({ kind, types }) => types.map((type) => [type, kind] as const)))

/** What the rules call a frame of that type; `another` if they need not know it. */
export const frameKindOf = (type: string): FrameKind | "another" => kinds.get(type) ?? "another"

const frameOf = <Tag extends HubCommand["_tag"]>(
  tag: Tag,
  command: Extract<HubCommand, { readonly _tag: Tag }>,
  identity: Identity
): JsonObject => {
  const { fields, types: [type] }: Frame<Tag> = frames[tag]
  return { type, ...fields(command, identity), protocol_version }
}

/** The frame of a command as JSON text. Throws a RangeError if an agent's answer is nested too deeply for JSON. */
export const encodeCommand = (command: HubCommand, identity: Identity): string =>
  encodeJson(frameOf(command._tag, command, identity))

export const pingFrame: string = encodeJson({ type: "ping", protocol_version })
