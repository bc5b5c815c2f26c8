import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { domainLimits } from "../domain/limits.ts"
import type { HubMessage } from "../domain/Message.ts"
import type { InboxMessage } from "../domain/messages/InboxMessage.ts"
import type { JsonObject } from "../domain/Work.ts"
import { asNumber, excessIn, isJsonObject, parseBounded } from "../text/json.ts"
import { readMembers, type Scan } from "../text/jsonScan.ts"
import { message_bytes, messageOfChannelFrame, messageOfFrame, messageOfRoomFrame } from "./messages.ts"
import { frameKindOf } from "./outgoing.ts"

const max_task_bytes = 10 * 1024 * 1024 // of the frame that assigns it; the hub accepts tasks of up to 8 MB

/** What one frame of the hub says: a message for the rules, or something for the connection itself. */
export type Incoming =
  | Exclude<HubMessage, { readonly _tag: "Connected" | "Disconnected" | "HubLostUs" }>
  | { readonly _tag: "Pong"; readonly hub_time: number | null } // epoch milliseconds of the hub's clock
  | { readonly _tag: "IdentifyRefused"; readonly reason: string }
  | { readonly _tag: "AgentLeft"; readonly agent_id: string }
  | { readonly _tag: "Ignored"; readonly type: string; readonly known: boolean }

/** Why a frame could not be decoded. The reason quotes no value of the frame. */
export interface DecodeProblem {
  readonly reason: string
}

type Decode = (frame: JsonObject) => Result.Result<Incoming, DecodeProblem>

const decoder = <S extends Schema.ConstraintDecoder<unknown>>(
  schema: S,
  toIncoming: (fields: S["Type"], frame: JsonObject) => Incoming
): Decode => {
  const decode = Schema.decodeUnknownResult(schema, { errors: "all" })
  return (frame) =>
    Result.mapBoth(decode(Record.map(frame, asNumber)), {
      onFailure: (error) => ({ reason: error.message }),
      onSuccess: (fields) => toIncoming(fields, frame)
    })
}

const maybe = <S extends Schema.Constraint>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))

const Metadata = Schema.Record(Schema.String, Schema.Unknown)
const NoFields = Schema.Struct({})
const OfTask = Schema.Struct({ task_id: Schema.String })
const TaskAssign = Schema.Struct({
  task_id: Schema.String,
  generation: Schema.Int,
  description: maybe(Schema.String),
  metadata: maybe(Metadata),
  assigned_at: maybe(Schema.Finite)
})
const TaskAck = Schema.Struct({ task_id: Schema.String, status: maybe(Schema.String) })
const TaskContinue = Schema.Struct({ task_id: Schema.String, generation: Schema.Int })
const StateReportAck = Schema.Struct({ task_id: Schema.String, action: Schema.Literals(["continue", "abort"]) })
const RateLimited = Schema.Struct({
  retry_after_ms: Schema.optionalKey(Schema.Unknown),
  tier: Schema.optionalKey(Schema.Unknown)
})
const RestartSidecar = Schema.Struct({ reason: maybe(Schema.String) })
const Pong = Schema.Struct({ timestamp: Schema.optionalKey(Schema.Unknown) })
const AgentLeft = Schema.Struct({ agent_id: Schema.String })
const ErrorFrame = Schema.Struct({
  error: Schema.optionalKey(Schema.Unknown),
  message_type: Schema.optionalKey(Schema.Unknown),
  errors: Schema.optionalKey(Schema.Unknown)
})

/** The hub limits pings and presence apart from the frames about tasks and channels. */
const ping_tier = "light"

const identifyRefusals: ReadonlySet<unknown> = new Set(["invalid_token", "token_agent_mismatch", "not_identified"])

const namesUnknownType = (errors: unknown): boolean =>
  Array.isArray(errors) && errors.some((one) => Predicate.isObject(one) && one["error"] === "unknown_message_type")

/** Decodes any error frame, however odd: answers come in order, so each is the answer to a frame of ours. */
const onError = ({ error, message_type, errors }: typeof ErrorFrame.Type): Incoming => {
  const reason = Predicate.isString(error) ? error : "unspecified"
  if (identifyRefusals.has(error)) return { _tag: "IdentifyRefused", reason }
  return {
    _tag: "HubRefused",
    error: reason,
    frame: Predicate.isString(message_type) ? frameKindOf(message_type) : null,
    unknown_type: error === "validation_failed" && namesUnknownType(errors)
  }
}

/** A message of another agent, by its decoder. */
const heard = (decode: (frame: JsonObject) => InboxMessage | null): Decode => (frame) => {
  const message = decode(frame)
  return message === null
    ? Result.fail({ reason: "not a message as the hub sends it" })
    : Result.succeed({ _tag: "MessageHeard", message })
}

const messages = {
  message: heard(messageOfFrame),
  channel_message: heard(messageOfChannelFrame),
  room_message: heard(messageOfRoomFrame)
}

const decoders: ReadonlyMap<string, Decode> = new Map(Object.entries({
  identified: decoder(NoFields, () => ({ _tag: "Identified" })),
  pong: decoder(Pong, ({ timestamp }) => ({
    _tag: "Pong",
    hub_time: Predicate.isNumber(timestamp) ? timestamp : null
  })),
  task_assign: decoder(TaskAssign, ({ assigned_at, description, generation, metadata, task_id }, frame) => ({
    _tag: "TaskAssigned",
    task: {
      task_id,
      generation,
      description: description ?? "",
      metadata: metadata ?? {},
      assigned_at: assigned_at ?? 0,
      assignment: Record.remove(frame, "type")
    }
  })),
  task_ack: decoder(TaskAck, ({ status, task_id }) => ({ _tag: "TaskAcknowledged", task_id, status: status ?? "" })),
  task_continue: decoder(TaskContinue, (fields) => ({ _tag: "TaskContinued", ...fields })),
  channel_subscribed: decoder(NoFields, () => ({ _tag: "ChannelAnswered" })),
  channel_unsubscribed: decoder(NoFields, () => ({ _tag: "ChannelAnswered" })),
  task_reassign: decoder(OfTask, ({ task_id }) => ({ _tag: "TaskReassigned", task_id })),
  state_report_ack: decoder(StateReportAck, (fields) => ({ _tag: "StateReportAnswered", ...fields })),
  task_cancelled: decoder(OfTask, ({ task_id }) => ({ _tag: "TaskCancelled", task_id })),
  rate_limited: decoder(RateLimited, ({ retry_after_ms, tier }) => ({
    _tag: "RateLimited",
    retry_after_ms: Predicate.isNumber(retry_after_ms) ? retry_after_ms : domainLimits.rate_limit_min_ms,
    ...tier === ping_tier ? { of_ping: true as const } : {}
  })),
  restart_sidecar: decoder(RestartSidecar, ({ reason }) => ({ _tag: "RestartRequested", reason: reason ?? "" })),
  agent_left: decoder(AgentLeft, ({ agent_id }) => ({ _tag: "AgentLeft", agent_id })),
  ...messages,
  error: decoder(ErrorFrame, onError)
}))

/** Types of frames that real hubs send and that the sidecar does not need. */
const unused: ReadonlySet<string> = new Set(
  [
    "message_sent channel_agent_joined channel_published channel_history",
    "channels agents agent_joined status_changed status_updated rate_limit_warning"
  ].flatMap((types) => types.split(" "))
)

/** The task that a frame assigns, known before the frame is parsed. */
interface Assigned {
  readonly task_id: string
  readonly generation: number
}

/** A frame after one pass over its text. Nothing is parsed yet. */
interface ScannedFrame {
  readonly text: string
  readonly bytes: number
  readonly scan: Scan
  readonly assigned: Assigned | null
}

/** Finds out how much a frame holds, and which task it assigns, if any. */
export const scanFrame = (text: string): ScannedFrame => {
  const { members: { generation, task_id, type }, scan } = readMembers(text, ["type", "task_id", "generation"])
  const isAssignment = type === "task_assign" && typeof task_id === "string" && Number.isSafeInteger(generation)
  return {
    text,
    bytes: Buffer.byteLength(text),
    scan,
    assigned: isAssignment ? { task_id, generation: Number(generation) } : null
  }
}

const tooLarge = (bytes: number, limit: number): string => `has ${bytes} bytes, more than ${limit}`

/** State, task files and frames each hold a copy of the task, so a task has a lower limit than other frames. */
const excessOfTask = ({ assigned, bytes }: ScannedFrame): string | null =>
  assigned !== null && bytes > max_task_bytes
    ? `${tooLarge(bytes, max_task_bytes)}, and than a hub takes from whoever gives a task`
    : null

/**
 * Decodes one text frame of the hub. Unknown fields are ignored, except that a `task_assign` is kept whole as its
 * `assignment`. A frame that holds too much is not parsed: a task in it cannot be worked on.
 */
export const decodeScanned = (frame: ScannedFrame): Result.Result<Incoming, DecodeProblem> => {
  const { assigned, bytes, scan, text } = frame
  const excess = excessIn(scan) ?? excessOfTask(frame)
  if (excess !== null) {
    return assigned === null
      ? Result.fail({ reason: excess })
      : Result.succeed({ _tag: "TaskUnworkable", ...assigned, reason: `the frame of the task ${excess}` })
  }
  return Result.flatMap(Result.mapError(parseBounded(text, scan), () => ({ reason: "not JSON" })), (parsed) => {
    if (!isJsonObject(parsed)) return Result.fail({ reason: "not a JSON object" })
    const type = parsed["type"]
    if (!Predicate.isString(type)) return Result.fail({ reason: "no type" })
    if (Object.hasOwn(messages, type) && bytes > message_bytes) {
      return Result.fail({ reason: tooLarge(bytes, message_bytes) })
    }
    const decode = decoders.get(type)
    return decode === undefined ? Result.succeed({ _tag: "Ignored", type, known: unused.has(type) }) : decode(parsed)
  })
}

/** Decodes the text of one frame, as `decodeScanned` does. */
export const decodeFrame = (text: string): Result.Result<Incoming, DecodeProblem> => decodeScanned(scanFrame(text))
