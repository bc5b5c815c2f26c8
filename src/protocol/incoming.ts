import * as Predicate from "effect/Predicate"
import * as Record from "effect/Record"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { HubMessage } from "../domain/Message.ts"
import type { JsonObject } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import { excessIn, parseBounded } from "../text/bounded.ts"
import { asNumber, isJsonObject } from "../text/exact.ts"
import type { Assigned, ScannedFrame } from "./scanFrame.ts"
import { scanFrame } from "./scanFrame.ts"

/** What one frame of the hub says: a message for the rules, or something the connection itself has to do with. */
export type Incoming =
  | Exclude<HubMessage, { readonly _tag: "Connected" | "Disconnected" | "HubLostUs" }>
  | { readonly _tag: "Pong" }
  | { readonly _tag: "IdentifyRefused"; readonly reason: string }
  | { readonly _tag: "AgentLeft"; readonly agent_id: string }
  | { readonly _tag: "Ignored"; readonly type: string; readonly known: boolean }

/** Why a frame could not be understood; no value of the frame is quoted. */
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
const RateLimited = Schema.Struct({ retry_after_ms: Schema.optionalKey(Schema.Unknown) })
const RestartSidecar = Schema.Struct({ reason: maybe(Schema.String) })
const AgentLeft = Schema.Struct({ agent_id: Schema.String })
const ErrorFrame = Schema.Struct({
  error: Schema.optionalKey(Schema.Unknown),
  message_type: Schema.optionalKey(Schema.Unknown),
  errors: Schema.optionalKey(Schema.Unknown)
})

const identifyRefusals: ReadonlySet<unknown> = new Set(["invalid_token", "token_agent_mismatch", "not_identified"])

const namesUnknownType = (errors: unknown): boolean =>
  Array.isArray(errors) && errors.some((one) => Predicate.isObject(one) && one["error"] === "unknown_message_type")

/** Every error frame decodes, however odd: by its place in the order it is the answer to a frame of ours. */
const onError = ({ error, message_type, errors }: typeof ErrorFrame.Type): Incoming => {
  const said = Predicate.isString(error) ? error : "unspecified"
  if (identifyRefusals.has(error)) return { _tag: "IdentifyRefused", reason: said }
  return {
    _tag: "HubRefused",
    error: said,
    message_type: Predicate.isString(message_type) ? message_type : null,
    unknown_type: error === "validation_failed" && namesUnknownType(errors)
  }
}

const decoders: ReadonlyMap<string, Decode> = new Map([
  ["identified", decoder(NoFields, () => ({ _tag: "Identified" }))],
  ["pong", decoder(NoFields, () => ({ _tag: "Pong" }))],
  [
    "task_assign",
    decoder(TaskAssign, (fields, frame) => ({
      _tag: "TaskAssigned",
      task: {
        task_id: fields.task_id,
        generation: fields.generation,
        description: fields.description ?? "",
        metadata: fields.metadata ?? {},
        assigned_at: fields.assigned_at ?? 0,
        assignment: Record.remove(frame, "type")
      }
    }))
  ],
  [
    "task_ack",
    decoder(TaskAck, ({ task_id, status }) => ({ _tag: "TaskAcknowledged", task_id, status: status ?? "" }))
  ],
  [
    "task_continue",
    decoder(TaskContinue, ({ task_id, generation }) => ({ _tag: "TaskContinued", task_id, generation }))
  ],
  ["task_reassign", decoder(OfTask, ({ task_id }) => ({ _tag: "TaskReassigned", task_id }))],
  [
    "state_report_ack",
    decoder(StateReportAck, ({ task_id, action }) => ({ _tag: "StateReportAnswered", task_id, action }))
  ],
  ["task_cancelled", decoder(OfTask, ({ task_id }) => ({ _tag: "TaskCancelled", task_id }))],
  [
    "rate_limited",
    decoder(RateLimited, ({ retry_after_ms }) => ({
      _tag: "RateLimited",
      retry_after_ms: Predicate.isNumber(retry_after_ms) ? retry_after_ms : limits.rate_limit_min_ms
    }))
  ],
  ["restart_sidecar", decoder(RestartSidecar, ({ reason }) => ({ _tag: "RestartRequested", reason: reason ?? "" }))],
  ["agent_left", decoder(AgentLeft, ({ agent_id }) => ({ _tag: "AgentLeft", agent_id }))],
  ["error", decoder(ErrorFrame, onError)]
])

/** Frames that real hubs send and that the task relay has no use for. */
const unused: ReadonlySet<string> = new Set([
  "message",
  "message_sent",
  "channel_message",
  "channel_subscribed",
  "channel_unsubscribed",
  "channel_published",
  "channel_history",
  "channels",
  "room_message",
  "agents",
  "agent_joined",
  "status_changed",
  "status_updated",
  "rate_limit_warning"
])

/** A task stands in the state, in its files and in frames: each of these would hold it once more. */
const tooLargeTask = ({ assigned, bytes }: ScannedFrame): string | null =>
  assigned !== null && bytes > limits.max_task_bytes
    ? `has ${bytes} bytes, more than ${limits.max_task_bytes}, and than a hub takes from whoever gives a task`
    : null

/** What a frame says that holds too much: of an assignment that it cannot be worked on. */
const oversize = (assigned: Assigned | null, excess: string): Result.Result<Incoming, DecodeProblem> =>
  assigned === null
    ? Result.fail({ reason: excess })
    : Result.succeed({ _tag: "TaskUnworkable", ...assigned, reason: `the frame of the task ${excess}` })

/**
 * Decodes one text frame of the hub. Unknown fields are ignored, but a `task_assign` is kept whole as its `assignment`.
 * One that holds too much is not parsed.
 */
export const decodeScanned = (frame: ScannedFrame): Result.Result<Incoming, DecodeProblem> => {
  const { assigned, scan, text } = frame
  const excess = excessIn(scan) ?? tooLargeTask(frame)
  if (excess !== null) return oversize(assigned, excess)
  return Result.flatMap(Result.mapError(parseBounded(text, scan), () => ({ reason: "not JSON" })), (said) => {
    if (!isJsonObject(said)) return Result.fail({ reason: "not a JSON object" })
    const type = said["type"]
    if (!Predicate.isString(type)) return Result.fail({ reason: "no type" })
    const decode = decoders.get(type)
    return decode === undefined ? Result.succeed({ _tag: "Ignored", type, known: unused.has(type) }) : decode(said)
  })
}

export const decodeFrame = (text: string): Result.Result<Incoming, DecodeProblem> => decodeScanned(scanFrame(text))
