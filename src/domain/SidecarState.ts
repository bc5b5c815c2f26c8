import * as Schema from "effect/Schema"
import { Progress, type SilencePolicy, Success } from "./Evidence.ts"
import { notOpenedYet, Readiness } from "./Readiness.ts"
import { Task } from "./Task.ts"

/** `queue.json`: what we owe the hub. */
export const StoredState = Schema.Struct({
  version: Schema.Literal(1),
  active: Schema.NullOr(Task),
  recovering: Schema.NullOr(Task)
})
export type StoredState = typeof StoredState.Type

export const emptyStore: StoredState = { version: 1, active: null, recovering: null }

export const TimerName = Schema.Literals([
  "answer", // the hub owes an answer to the frame in flight
  "resend", // the frame in flight was rate limited
  "assign_grace", // the task may still be assigned to us anew
  "half_open", // after a dead link: reconnect once more
  "confirmation", // the agent owes its `.started`
  "settle", // the agent ended without an answer
  "lease", // the hub is owed a sign of life
  "progress", // the next `.progress` may be relayed
  "task_timeout", // the task has run for too long
  "disk", // the state could not be written
  "readiness", // whether an agent can be woken here is to be looked at
  "pause", // after a failure no task is taken
  "look" // the agent could not be looked at
])
export type TimerName = typeof TimerName.Type

/** The timers that run: by name, when each is due (epoch ms), by which one start of it is told from the next. */
export const Timers = Schema.Record(TimerName, Schema.optionalKey(Schema.Finite))
export type Timers = typeof Timers.Type

/** The frames that get exactly one answer, in the order sent; a report never waits for its turn. */
const waiting = ["accept", "reject", "recovery", "state"] as const
export const ExchangeKind = Schema.Literals([...waiting, "report"])
export type ExchangeKind = typeof ExchangeKind.Type

/** A frame that waits for its turn. A report never does: it is what is owed when nothing waits. */
export const Exchange = Schema.Struct({ kind: Schema.Literals(waiting), task_id: Schema.String })
export type Exchange = typeof Exchange.Type

/** The frame the hub has not answered yet; `limited` while it waits to be sent again. */
export const InFlight = Schema.Struct({
  kind: ExchangeKind,
  task_id: Schema.String,
  generation: Schema.NullOr(Schema.Int), // under which it was sent, where it is a report
  sent_at: Schema.Finite,
  limited: Schema.Boolean
})
export type InFlight = typeof InFlight.Type

/**
 * Whose the task we hold is, as far as this connection knows: not asked yet, ours, denied by the hub with time left for
 * a new assignment, or in doubt until it comes back.
 */
export const Standing = Schema.Literals(["unknown", "ours", "denied", "in_doubt"])
export type Standing = typeof Standing.Type

/** What is known of this connection; forgotten with it. */
export const Connection = Schema.Struct({
  phase: Schema.Literals(["down", "connected", "identified"]),
  pending: Schema.Array(Exchange),
  in_flight: Schema.NullOr(InFlight),
  refused_types: Schema.Array(Schema.String),
  standing: Standing,
  recovery_answer: Schema.NullOr(Schema.Literals(["continue", "denied"])),
  accept_refused: Schema.Boolean, // so that the hub will not see that we are free when the task is over
  half_open: Schema.Boolean
})
export type Connection = typeof Connection.Type

/** Why the agent is being stopped, or looked at for the last time before the task fails. */
export const EndCause = Schema.Union([
  Schema.TaggedStruct("AttemptFailed", { reason: Schema.String }),
  Schema.TaggedStruct("Failed", { reason: Schema.String })
])
export type EndCause = typeof EndCause.Type

/** Why the agent is being looked at; `confirmation`: it has not confirmed in time. */
export const Looking = Schema.Union([Schema.Literals(["assess", "lease", "confirmation"]), ...EndCause.members])
export type Looking = typeof Looking.Type

/** What this daemon is doing about the agent of the task it holds. */
export const Activity = Schema.Union([
  Schema.TaggedStruct("Idle", {}),
  Schema.TaggedStruct("Inspecting", { because: Looking }),
  Schema.TaggedStruct("AwaitingExit", {}), // of an agent whose task is over, before this one is woken
  Schema.TaggedStruct("Spawning", {}),
  Schema.TaggedStruct("Running", {}),
  Schema.TaggedStruct("Stopping", { because: EndCause }),
  Schema.TaggedStruct("AwaitingRetry", {}),
  Schema.TaggedStruct("Settling", { because: EndCause })
])
export type Activity = typeof Activity.Type

/** What is known of the agent in this life of the daemon; forgotten with the task. */
export const Agent = Schema.Struct({
  activity: Activity,
  answer: Schema.NullOr(Success), // what is to be reported, unless there is a failure
  progress: Schema.NullOr(Progress), // not relayed yet
  progress_sent_at: Schema.NullOr(Schema.Finite),
  seen_off: Schema.NullOr(Schema.String), // the wake of which nothing lives any more
  gave_verdict: Schema.Boolean, // its own answer, whether it says success or failure
  wake_lasted_ms: Schema.NullOr(Schema.Finite), // the last wake, where it is over
  unwritten_since: Schema.NullOr(Schema.Finite) // since when the folders have kept a wake from beginning
})
export type Agent = typeof Agent.Type

/** What happens to the files of a task that is over; a success has nothing to keep, of a failure only an answer that came late. */
export const FilesOfTheEnded = Schema.Literals(["remove", "keep_answer", "keep"])
export type FilesOfTheEnded = typeof FilesOfTheEnded.Type

/** An agent whose task is over and whose processes have to be gone before another is woken. */
export const Leaving = Schema.Struct({ task_id: Schema.String, files: FilesOfTheEnded })
export type Leaving = typeof Leaving.Type

/** Whether what we owe can be written down. */
export const Disk = Schema.Literals(["ok", "failing"])
export type Disk = typeof Disk.Type

/** All of the state but the policy, which the configuration gives. */
export const KnownState = Schema.Struct({
  stored: StoredState,
  connection: Connection,
  agent: Agent,
  leaving: Schema.Array(Leaving),
  stopping: Schema.Array(Schema.String), // the tasks whose agent is being stopped; its end is told once
  draining: Schema.NullOr(Schema.Literals([0, 75])),
  disk: Disk,
  readiness: Readiness,
  timers: Timers
})
export type KnownState = typeof KnownState.Type

export interface Policy extends SilencePolicy {
  readonly confirmation_timeout_ms: number
  readonly task_timeout_ms: number
}

export interface SidecarState extends KnownState {
  readonly policy: Policy
}

export const noConnection: Connection = {
  phase: "down",
  pending: [],
  in_flight: null,
  refused_types: [],
  standing: "unknown",
  recovery_answer: null,
  accept_refused: false,
  half_open: false
}

export const noAgent: Agent = {
  activity: { _tag: "Idle" },
  answer: null,
  progress: null,
  progress_sent_at: null,
  seen_off: null,
  gave_verdict: false,
  wake_lasted_ms: null,
  unwritten_since: null
}

export const initialState = (policy: Policy): SidecarState => ({
  policy,
  stored: emptyStore,
  connection: noConnection,
  agent: noAgent,
  leaving: [],
  stopping: [],
  draining: null,
  disk: "ok",
  readiness: notOpenedYet,
  timers: {}
})

/** The one task we hold, whichever slot it is in. */
export const heldTask = (state: SidecarState): Task | null => state.stored.active ?? state.stored.recovering
