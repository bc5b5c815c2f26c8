import * as Schema from "effect/Schema"
import type { FilesOfTheEnded } from "./Command.ts"
import type { Progress, SilencePolicy, Success } from "./Evidence.ts"
import { notOpenedYet, type Readiness } from "./Readiness.ts"
import { Task } from "./Task.ts"

/** `queue.json`: what we owe the hub. */
export const StoredState = Schema.Struct({
  version: Schema.Literal(1),
  active: Schema.NullOr(Task),
  recovering: Schema.NullOr(Task)
})
export type StoredState = typeof StoredState.Type

export const emptyStore: StoredState = { version: 1, active: null, recovering: null }

export type TimerName =
  | "answer" // the hub owes an answer to the frame in flight
  | "resend" // the frame in flight was rate limited
  | "assign_grace" // the task may still be assigned to us anew
  | "half_open" // after a dead link: reconnect once more
  | "confirmation" // the agent owes its `.started`
  | "settle" // the agent ended without an answer
  | "lease" // the hub is owed a sign of life
  | "progress" // the next `.progress` may be relayed
  | "task_timeout" // the task has run for too long
  | "disk" // the state could not be written
  | "readiness" // whether an agent can be woken here is to be looked at
  | "pause" // after a failure no task is taken
  | "look" // the agent could not be looked at

/** The timers that run: by name, when each is due (epoch ms), by which one start of it is told from the next. */
export type Timers = Readonly<Partial<Record<TimerName, number>>>

/** The frames that get exactly one answer, in the order sent. */
export type ExchangeKind = "accept" | "reject" | "recovery" | "state" | "report"

/** A frame that waits for its turn. A report never does: it is what is owed when nothing waits. */
export interface Exchange {
  readonly kind: Exclude<ExchangeKind, "report">
  readonly task_id: string
}

/** The frame the hub has not answered yet; `limited` while it waits to be sent again. */
export interface InFlight {
  readonly kind: ExchangeKind
  readonly task_id: string
  readonly generation: number | null // under which it was sent, where it is a report
  readonly sent_at: number
  readonly limited: boolean
}

/**
 * Whose the task we hold is, as far as this connection knows: not asked yet, ours, denied by the hub with time left for
 * a new assignment, or in doubt until it comes back.
 */
export type Standing = "unknown" | "ours" | "denied" | "in_doubt"

/** What is known of this connection; forgotten with it. */
export interface Connection {
  readonly phase: "down" | "connected" | "identified"
  readonly pending: ReadonlyArray<Exchange>
  readonly in_flight: InFlight | null
  readonly refused_types: ReadonlyArray<string>
  readonly standing: Standing
  readonly recovery_answer: "continue" | "denied" | null
  readonly accept_refused: boolean // so that the hub will not see that we are free when the task is over
  readonly half_open: boolean
}

/** Why the agent is being stopped, or looked at for the last time before the task fails. */
export type EndCause =
  | { readonly _tag: "AttemptFailed"; readonly reason: string }
  | { readonly _tag: "Failed"; readonly reason: string }

/** Why the agent is being looked at; `confirmation`: it has not confirmed in time. */
export type Looking = "assess" | "lease" | "confirmation" | EndCause

/** What this daemon is doing about the agent of the task it holds. */
export type Activity =
  | { readonly _tag: "Idle" }
  | { readonly _tag: "Inspecting"; readonly because: Looking }
  | { readonly _tag: "AwaitingExit" } // of an agent whose task is over, before this one is woken
  | { readonly _tag: "Spawning" }
  | { readonly _tag: "Running" }
  | { readonly _tag: "Stopping"; readonly because: EndCause }
  | { readonly _tag: "AwaitingRetry" }
  | { readonly _tag: "Settling"; readonly because: EndCause }

/** What is known of the agent in this life of the daemon; forgotten with the task. */
export interface Agent {
  readonly activity: Activity
  readonly answer: Success | null // what is to be reported, unless there is a failure
  readonly progress: Progress | null // not relayed yet
  readonly progress_sent_at: number | null
  readonly seen_off: string | null // the wake of which nothing lives any more
  readonly gave_verdict: boolean // its own answer, whether it says success or failure
  readonly wake_lasted_ms: number | null // the last wake, where it is over
  readonly unwritten_since: number | null // since when the folders have kept a wake from beginning
}

/** An agent whose task is over and whose processes have to be gone before another is woken. */
export interface Leaving {
  readonly task_id: string
  readonly files: FilesOfTheEnded
}

/** Whether what we owe can be written down. */
export type Disk = "ok" | "failing"

export interface Policy extends SilencePolicy {
  readonly confirmation_timeout_ms: number
  readonly task_timeout_ms: number
}

export interface SidecarState {
  readonly policy: Policy
  readonly stored: StoredState
  readonly connection: Connection
  readonly agent: Agent
  readonly leaving: ReadonlyArray<Leaving>
  readonly stopping: ReadonlyArray<string> // the tasks whose agent is being stopped; its end is told once
  readonly draining: 0 | 75 | null
  readonly disk: Disk
  readonly readiness: Readiness
  readonly timers: Timers
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
