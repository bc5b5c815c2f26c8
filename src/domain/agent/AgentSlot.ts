import * as Schema from "effect/Schema"

/** Why the agent is being stopped, or its evidence looked at for the last time before the work fails. */
export const EndCause = Schema.Union([
  Schema.TaggedStruct("AttemptFailed", { reason: Schema.String }),
  Schema.TaggedStruct("Failed", { reason: Schema.String })
])
export type EndCause = typeof EndCause.Type

/** Why the agent is inspected. `check`: it counts as at work; `confirmation`: it has not confirmed in time. */
export const InspectionCause = Schema.Union([
  Schema.Literals(["evidence", "check", "confirmation"]),
  ...EndCause.members
])
export type InspectionCause = typeof InspectionCause.Type

/** What this daemon does about the agent of the work it holds. */
export const AgentPhase = Schema.Union([
  Schema.TaggedStruct("Idle", {}),
  Schema.TaggedStruct("Inspecting", { because: InspectionCause }),
  Schema.TaggedStruct("AwaitingExit", {}), // of an agent whose work is over, before this one is woken
  Schema.TaggedStruct("Spawning", {}),
  Schema.TaggedStruct("Running", {}),
  Schema.TaggedStruct("Stopping", { because: EndCause }),
  Schema.TaggedStruct("AwaitingRetry", {}),
  Schema.TaggedStruct("AwaitingAnswer", { because: EndCause }) // of an agent that has ended without one
])
export type AgentPhase = typeof AgentPhase.Type

/** What is known of the agent in this life of the daemon; forgotten with its work. */
export const Agent = Schema.Struct({
  phase: AgentPhase,
  gone_wake: Schema.NullOr(Schema.String), // the wake of which nothing lives any more
  gave_verdict: Schema.Boolean, // its own answer, whether it says success or failure
  wake_lasted_ms: Schema.NullOr(Schema.Finite), // the last wake, where it is over
  unwritten_since: Schema.NullOr(Schema.Finite) // since when the folders have kept a wake from beginning
})
export type Agent = typeof Agent.Type

/** What happens to the files of work that is over. A success has nothing to keep; of a failure only an answer that came late is removed. */
export const FilesOfTheEnded = Schema.Literals(["remove", "keep_answer", "keep"])
export type FilesOfTheEnded = typeof FilesOfTheEnded.Type

/** An agent whose work is over and whose processes have to be gone before another is woken. */
export const Terminating = Schema.Struct({ work_id: Schema.String, files: FilesOfTheEnded })
export type Terminating = typeof Terminating.Type

/** The place for work of one kind. */
export const Slot = Schema.Struct({
  agent: Agent,
  terminating: Schema.Array(Terminating),
  stopping: Schema.Array(Schema.String) // the work whose agent is being stopped; its end is told once
})
export type Slot = typeof Slot.Type

export const AgentTimer = Schema.Literals([
  "confirmation", // the agent owes its `.started`
  "late_answer", // the agent ended without an answer
  "timeout", // the work has taken too long
  "check", // an agent at work is inspected from time to time
  "inspection" // the agent could not be inspected, or its wake not be begun
])
export type AgentTimer = typeof AgentTimer.Type

export const noAgent: Agent = {
  phase: { _tag: "Idle" },
  gone_wake: null,
  gave_verdict: false,
  wake_lasted_ms: null,
  unwritten_since: null
}

export const noSlot: Slot = { agent: noAgent, terminating: [], stopping: [] }
