import * as Schema from "effect/Schema"
import type { Message } from "../domain/Message.ts"
import { StoredState, type Timers } from "../domain/SidecarState.ts"
import { JsonObject, Task, WakeEnd } from "../domain/Task.ts"

export const Success = Schema.TaggedStruct("Success", { result: JsonObject, tokens_used: Schema.NullOr(Schema.Finite) })

const Answer = Schema.Union([
  Success,
  Schema.TaggedStruct("Failure", { reason: Schema.String, of_command: Schema.optionalKey(Schema.Literal(true)) }),
  Schema.TaggedStruct("Unusable", { reason: Schema.String })
])

const Evidence = Schema.Struct({
  process: Schema.Literals(["alive", "gone", "none", "unknown"]),
  this_boot: Schema.Boolean,
  output: Schema.optionalKey(Schema.String),
  started: Schema.Boolean,
  last_sign_at: Schema.NullOr(Schema.Finite),
  answer: Schema.NullOr(Schema.Union([Answer, Schema.Literals(["half-written", "unknown"])]))
})

export const Progress = Schema.Struct({
  progress: Schema.NullOr(Schema.Finite),
  execution_event: Schema.NullOr(JsonObject)
})

const { assigned_at, assignment, description, generation, metadata, task_id } = Task.fields
const Assignment = Schema.Struct({ task_id, generation, description, metadata, assigned_at, assignment })

const WorkFound = Schema.Struct({
  wake: Schema.Struct({ generation: Schema.Int, attempt: Schema.Int, at: Schema.Int }),
  assignment: Assignment
})

const ofTask = { task_id: Schema.String }
const ofWake = { ...ofTask, wake_id: Schema.String }

export const TimerName = Schema.Literals([
  "answer",
  "resend",
  "assign_grace",
  "half_open",
  "confirmation",
  "settle",
  "lease",
  "progress",
  "task_timeout",
  "disk",
  "pause",
  "readiness",
  "look"
])

/** What the actor is told by anything but a frame of the hub. */
export const LocalFact = Schema.Union([
  Schema.TaggedStruct("Connected", {}),
  Schema.TaggedStruct("Disconnected", { half_open: Schema.Boolean }),
  Schema.TaggedStruct("AgentStarted", { ...ofTask, wake_id: Schema.NullOr(Schema.String) }),
  Schema.TaggedStruct("ProgressFound", { ...ofTask, progress: Progress }),
  Schema.TaggedStruct("ResultFound", { ...ofTask, answer: Answer }),
  Schema.TaggedStruct("AgentInspected", { ...ofTask, evidence: Evidence }),
  Schema.TaggedStruct("WakeSpawned", ofWake),
  Schema.TaggedStruct("WakeImpossible", { ...ofWake, reason: Schema.String }),
  Schema.TaggedStruct("WakeExited", { ...ofWake, end: WakeEnd }),
  Schema.TaggedStruct("AgentStopped", { ...ofTask, was_alive: Schema.Boolean }),
  Schema.TaggedStruct("RetryDue", ofTask),
  Schema.TaggedStruct("TimerFired", { timer: TimerName, due: Schema.optionalKey(Schema.Finite) }), // not told before 0.2
  Schema.TaggedStruct("SaveFailed", { reason: Schema.String }),
  Schema.TaggedStruct("SaveSucceeded", {}),
  Schema.TaggedStruct("ReadinessChecked", {
    obstacle: Schema.NullOr(
      Schema.Struct({ cause: Schema.Literals(["program", "folders"]), reason: Schema.String })
    ),
    programs: Schema.String
  }),
  Schema.TaggedStruct("OrphanFound", ofTask),
  Schema.TaggedStruct("TaskLookedUp", {
    ...ofTask,
    whereabouts: Schema.Literals(["queued", "ours", "elsewhere", "unknown"])
  }),
  Schema.TaggedStruct("Restarted", {
    stored: Schema.NullOr(StoredState),
    survivors: Schema.Array(Schema.String),
    at_work: Schema.optionalKey(Schema.NullOr(WorkFound))
  }),
  Schema.TaggedStruct("DrainRequested", { exit_code: Schema.Literals([0, 75]) })
])
export type LocalFact = typeof LocalFact.Type

const HubSaid = Schema.Union([
  Schema.TaggedStruct("Identified", {}),
  Schema.TaggedStruct("TaskAssigned", { task: Assignment }),
  Schema.TaggedStruct("TaskAcknowledged", { ...ofTask, status: Schema.String }),
  Schema.TaggedStruct("TaskUnworkable", { ...ofTask, generation, reason: Schema.String }),
  Schema.TaggedStruct("TaskContinued", { ...ofTask, generation }),
  Schema.TaggedStruct("TaskReassigned", ofTask),
  Schema.TaggedStruct("StateReportAnswered", { ...ofTask, action: Schema.Literals(["continue", "abort"]) }),
  Schema.TaggedStruct("TaskCancelled", ofTask),
  Schema.TaggedStruct("HubRefused", {
    error: Schema.String,
    message_type: Schema.NullOr(Schema.String),
    unknown_type: Schema.Boolean
  }),
  Schema.TaggedStruct("RateLimited", { retry_after_ms: Schema.Finite }),
  Schema.TaggedStruct("HubLostUs", {}),
  Schema.TaggedStruct("RestartRequested", { reason: Schema.String })
])

/** Every message that the rules may be told, as a recording keeps it. */
export const RecordedMessage = Schema.Union([...LocalFact.members, ...HubSaid.members])
export type RecordedMessage = typeof RecordedMessage.Type

const local: ReadonlySet<string> = new Set(LocalFact.members.map(({ fields: { _tag } }) => _tag.schema.literal))

/** Whether a message is told by the machine we run on, and not by a frame of the hub. */
export const isLocalFact = (message: { readonly _tag: string }): message is LocalFact => local.has(message._tag)

/** The message as the rules take it. An older recording does not tell which start of a timer fired: it was the one that ran. */
export const messageOf = (recorded: RecordedMessage, timers: Timers): Message => {
  if (recorded._tag !== "TimerFired") return recorded
  const { due = timers[recorded.timer] ?? 0 } = recorded
  return { ...recorded, due }
}
