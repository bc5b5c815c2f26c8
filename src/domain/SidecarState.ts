import * as Schema from "effect/Schema"
import { AgentTimer, noSlot, Slot } from "./agent/AgentSlot.ts"
import { Progress, type SilencePolicy, Success } from "./Evidence.ts"
import type { MessagePolicy } from "./messages/MessagePolicy.ts"
import { noTalk, Talk } from "./messages/Talk.ts"
import { notOpenedYet, Readiness } from "./Readiness.ts"
import { Batch, Task, WorkKind } from "./Work.ts"

/** `queue.json`: the work we hold. `recovering`: the hub has not said yet in this life that the task is ours. */
export const StoredState = Schema.Struct({
  version: Schema.Literal(2),
  task: Schema.NullOr(Task),
  recovering: Schema.Boolean,
  messages: Schema.NullOr(Batch)
})
export type StoredState = typeof StoredState.Type

export const emptyStore: StoredState = { version: 2, task: null, recovering: false, messages: null }

const sidecarTimers = [
  "answer", // the hub owes an answer to the frame in flight
  "resend", // the frame in flight was rate limited
  "assign_grace", // the task may still be assigned to us again
  "half_open", // after a dead link: reconnect once more
  "lookup", // the hub is asked again where an unresolved task is
  "progress", // until the next `.progress` may be relayed
  "disk", // the state could not be written
  "readiness", // whether an agent can be woken here is to be checked
  "pause", // after a failure no task is taken
  "batch", // the next delivery of messages is due
  "send", // the next message of ours may be sent
  "presence", // the hub may be told again what we are at
  "self_test", // a message to ourselves should have come back
  "catch_up", // the mailbox is to be read again
  "renew" // the hub refused a request, and does not look for tasks for us until we connect anew
] as const

export const TimerName = Schema.Literals([
  ...sidecarTimers,
  ...WorkKind.literals.flatMap((kind) => AgentTimer.literals.map((name) => `${kind}_${name}` as const))
])
export type TimerName = typeof TimerName.Type

/** The timers that run: by name, when each is due (epoch ms), by which one start of it is told from the next. */
export const Timers = Schema.Record(TimerName, Schema.optionalKey(Schema.Finite))
export type Timers = typeof Timers.Type

/** The frames that get exactly one answer, in the order sent; a report never waits for its turn. `talk` is not about a task. */
const queued = ["accept", "reject", "recovery", "state"] as const
export const ExchangeKind = Schema.Literals([...queued, "report", "talk"])
export type ExchangeKind = typeof ExchangeKind.Type

/** The frames that a hub may not know. */
export const FrameKind = Schema.Literals([...ExchangeKind.literals, "progress", "wake_result", "presence"])
export type FrameKind = typeof FrameKind.Type

/** A frame that waits for its turn. A report never does: it is what is owed when nothing waits. */
export const Exchange = Schema.Struct({ kind: Schema.Literals(queued), task_id: Schema.String })
export type Exchange = typeof Exchange.Type

/** The frame the hub has not answered yet; `limited` while it waits to be sent again. */
export const InFlight = Schema.Struct({
  kind: ExchangeKind,
  task_id: Schema.NullOr(Schema.String), // null for talk
  generation: Schema.NullOr(Schema.Int), // under which it was sent, where it is a report
  sent_at: Schema.Finite,
  limited: Schema.Boolean
})
export type InFlight = typeof InFlight.Type

/**
 * Whose the task we hold is, as far as this connection knows: not asked yet, ours, denied by the hub with time left for
 * a new assignment, or unresolved until it comes back.
 */
export const Ownership = Schema.Literals(["unknown", "ours", "denied", "unresolved"])
export type Ownership = typeof Ownership.Type

/** What is known of this connection; forgotten with it. */
export const Connection = Schema.Struct({
  phase: Schema.Literals(["down", "connected", "identified"]),
  pending: Schema.Array(Exchange),
  in_flight: Schema.NullOr(InFlight),
  refused_frames: Schema.Array(FrameKind), // that the hub does not know
  ownership: Ownership,
  recovery_answer: Schema.NullOr(Schema.Literals(["continue", "denied"])),
  accept_refused: Schema.Boolean, // so that the hub will not see that we are free when the task is over
  half_open: Schema.Boolean
})
export type Connection = typeof Connection.Type

/** What the hub is to be told of the task; forgotten with it. */
export const Outbound = Schema.Struct({
  answer: Schema.NullOr(Success), // to be reported, unless there is a failure
  progress: Schema.NullOr(Progress) // not relayed yet
})
export type Outbound = typeof Outbound.Type

/** Whether the state can be written down. */
export const Disk = Schema.Literals(["ok", "failing"])
export type Disk = typeof Disk.Type

/** All of the state but the policy, which the configuration gives. */
export const KnownState = Schema.Struct({
  stored: StoredState,
  connection: Connection,
  outbound: Outbound,
  slots: Schema.Struct({ task: Slot, messages: Slot }),
  draining: Schema.NullOr(Schema.Literals([0, 75])),
  disk: Disk,
  readiness: Readiness,
  talk: Talk,
  timers: Timers
})
export type KnownState = typeof KnownState.Type

export interface Policy extends SilencePolicy {
  readonly confirmation_timeout_ms: number
  readonly task_timeout_ms: number
  readonly messages: MessagePolicy
}

export interface SidecarState extends KnownState {
  readonly policy: Policy
}

export const noConnection: Connection = {
  phase: "down",
  pending: [],
  in_flight: null,
  refused_frames: [],
  ownership: "unknown",
  recovery_answer: null,
  accept_refused: false,
  half_open: false
}

export const nothingOutbound: Outbound = { answer: null, progress: null }

export const initialState = (policy: Policy): SidecarState => ({
  policy,
  stored: emptyStore,
  connection: noConnection,
  outbound: nothingOutbound,
  slots: { task: noSlot, messages: noSlot },
  draining: null,
  disk: "ok",
  readiness: notOpenedYet,
  talk: noTalk,
  timers: {}
})
