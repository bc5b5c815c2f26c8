import * as Schema from "effect/Schema"
import { Answer, Evidence, Progress } from "./Evidence.ts"
import { Recorded } from "./messages/Fate.ts"
import { InboxMessage } from "./messages/InboxMessage.ts"
import { SendOutcome } from "./messages/Outgoing.ts"
import { Held, Known, Reading } from "./messages/Talk.ts"
import { Obstacle } from "./Readiness.ts"
import { FrameKind, StoredState, TimerName } from "./SidecarState.ts"
import { Assignment, Batch, Task, TaskFound, WakeEnd } from "./Work.ts"

const ofTask = { task_id: Schema.String }
const ofWork = { work_id: Schema.String }
const ofWake = { ...ofWork, wake_id: Schema.String }
const { generation } = Task.fields

/** What the hub said, one frame each. */
export const HubSaid = Schema.Union([
  Schema.TaggedStruct("Identified", {}),
  Schema.TaggedStruct("TaskAssigned", { task: Assignment }),
  Schema.TaggedStruct("TaskUnworkable", { ...ofTask, generation, reason: Schema.String }), // too large to be taken in
  Schema.TaggedStruct("TaskAcknowledged", { ...ofTask, status: Schema.String }),
  Schema.TaggedStruct("TaskContinued", { ...ofTask, generation }),
  Schema.TaggedStruct("TaskReassigned", ofTask),
  Schema.TaggedStruct("StateReportAnswered", { ...ofTask, action: Schema.Literals(["continue", "abort"]) }),
  Schema.TaggedStruct("TaskCancelled", ofTask),
  Schema.TaggedStruct("HubRefused", {
    error: Schema.String,
    frame: Schema.NullOr(Schema.Union([FrameKind, Schema.Literal("another")])), // that it names
    unknown_type: Schema.Boolean
  }),
  Schema.TaggedStruct("RateLimited", {
    retry_after_ms: Schema.Finite,
    of_ping: Schema.optionalKey(Schema.Literal(true)) // or of our presence; no frame with an answer is dropped
  }),
  Schema.TaggedStruct("HubLostUs", {}),
  Schema.TaggedStruct("RestartRequested", { reason: Schema.String }),
  Schema.TaggedStruct("ChannelAnswered", {}), // a frame about our channels
  Schema.TaggedStruct("HubTimeTold", { hub_time: Schema.Finite }), // with each pong
  Schema.TaggedStruct("MessageHeard", { message: InboxMessage })
])

/** What happened to the connection to the hub. */
const LinkMessage = Schema.Union([
  Schema.TaggedStruct("Connected", {}),
  Schema.TaggedStruct("Disconnected", { half_open: Schema.Boolean })
])

export type HubMessage = typeof HubSaid.Type | typeof LinkMessage.Type

/** What the agent wrote into the results folder. `wake_id` is the wake that the folder was watched for. */
const AgentMessage = Schema.Union([
  Schema.TaggedStruct("AgentStarted", { ...ofWork, wake_id: Schema.NullOr(Schema.String) }),
  Schema.TaggedStruct("ProgressFound", { ...ofWork, progress: Progress }),
  Schema.TaggedStruct("ResultFound", { ...ofWork, answer: Answer })
])

/** Where a task is at the hub: queued, with us, elsewhere (with another agent, finished or gone), or unknown: it could not be asked. */
export const TaskLocation = Schema.Literals(["queued", "ours", "elsewhere", "unknown"])
export type TaskLocation = typeof TaskLocation.Type

/** The outcome of a command. */
const OutcomeMessage = Schema.Union([
  Schema.TaggedStruct("AgentInspected", { ...ofWork, evidence: Evidence }),
  Schema.TaggedStruct("WakeSpawned", ofWake),
  Schema.TaggedStruct("WakeImpossible", { ...ofWake, reason: Schema.String }),
  Schema.TaggedStruct("WakeExited", { ...ofWake, end: WakeEnd }),
  Schema.TaggedStruct("AgentStopped", { ...ofWork, was_alive: Schema.Boolean }),
  Schema.TaggedStruct("RetryDue", ofWork),
  Schema.TaggedStruct("TimerFired", { timer: TimerName, due: Schema.Finite }),
  Schema.TaggedStruct("SaveFailed", { reason: Schema.String }),
  Schema.TaggedStruct("SaveSucceeded", {}),
  Schema.TaggedStruct("ReadinessChecked", {
    obstacle: Schema.NullOr(Obstacle),
    programs: Schema.String // which programs a wake would run
  }),
  Schema.TaggedStruct("OrphanFound", ofWork), // its files are unchanged for `retention_days`
  Schema.TaggedStruct("TaskLookedUp", { ...ofTask, location: TaskLocation })
])

const held = Held
const ofReading = { reading: Reading, pass: Schema.Int }

/** What became of a command about messages. */
const TalkMessage = Schema.Union([
  Schema.TaggedStruct("MessagesRecorded", { held, recorded: Schema.Array(Recorded) }),
  Schema.TaggedStruct("MessagesUnrecorded", { reason: Schema.String }),
  Schema.TaggedStruct("HubRead", {
    ...ofReading,
    messages: Schema.Array(InboxMessage),
    up_to: Schema.NullOr(Schema.Int), // the last entry of the mailbox that was read
    next: Schema.NullOr(Reading),
    room: Known.fields.room,
    channels: Schema.NullOr(Schema.Array(Schema.String)), // that the hub has us subscribed to, where that was asked
    is_full: Schema.Boolean // the mailbox may have lost older entries
  }),
  Schema.TaggedStruct("HubUnread", { ...ofReading, reason: Schema.String }),
  Schema.TaggedStruct("MailboxAcknowledged", { pass: Schema.Int, done: Schema.Boolean }),
  Schema.TaggedStruct("BatchReady", { batch: Batch }),
  Schema.TaggedStruct("NoBatch", { retry_at: Schema.NullOr(Schema.Finite), held_back: Schema.Int }), // messages that limits hold back
  Schema.TaggedStruct("DeliveryMarked", { end: Schema.Literals(["Delivered", "Failed", "Postponed"]), held }),
  Schema.TaggedStruct("SendEnded", {
    key: Schema.NullOr(Schema.String), // null if there was nothing to send
    outcome: SendOutcome,
    held: Schema.NullOr(held) // null if the store could not be asked
  }),
  Schema.TaggedStruct("HeldChanged", { held }),
  Schema.TaggedStruct("TestDelivered", { sent: Schema.Boolean }) // the message to ourselves is on its way
])

/** What this daemon starts with, and what its operator asks for. */
const LifeMessage = Schema.Union([
  Schema.TaggedStruct("Restarted", {
    stored: Schema.NullOr(StoredState), // null if there is none, or it is lost
    survivors: Schema.Array(Schema.String),
    at_work: Schema.optionalKey(Schema.NullOr(TaskFound)), // looked for only if there is no stored state
    talk: Schema.optionalKey(Schema.Struct({ held, known: Known, is_delivered: Schema.Boolean }))
  }),
  Schema.TaggedStruct("DrainRequested", { exit_code: Schema.Literals([0, 75]) })
])

/** What this machine tells, not a frame of the hub. */
export const LocalFact = Schema.Union([
  ...LinkMessage.members,
  ...AgentMessage.members,
  ...OutcomeMessage.members,
  ...TalkMessage.members,
  ...LifeMessage.members
])
export type LocalFact = typeof LocalFact.Type

export const Message = Schema.Union([...LocalFact.members, ...HubSaid.members])
export type Message = typeof Message.Type
