import * as Schema from "effect/Schema"
import { WakeName } from "./ids.ts"

/** What an agent is woken for: a task of the hub, or a batch of messages. At most one of each kind is at work. */
export const WorkKind = Schema.Literals(["task", "messages"])
export type WorkKind = typeof WorkKind.Type

export const WorkStatus = Schema.Literals(["accepted", "waking", "confirming", "working", "reporting"])
export type WorkStatus = typeof WorkStatus.Type

export const JsonObject = Schema.Record(Schema.String, Schema.Unknown)
export type JsonObject = typeof JsonObject.Type

/**
 * How a wake command ended. `unseen`: an earlier life of the daemon spawned it, so nobody was told its exit code.
 * `unwritten`: it did not run, as what it is given, or its record, could not be written.
 */
export const WakeEnd = Schema.Struct({
  how: Schema.Literals(["exited", "killed", "unspawned", "unwritten", "unseen"]),
  code: Schema.NullOr(Schema.Int), // where it exited
  output: Schema.String // the end of what it printed, or what went wrong
})
export type WakeEnd = typeof WakeEnd.Type

/** One attempt to wake the agent; `id` is also the cookie in the environment of its processes. */
export const Wake = Schema.Struct({ id: Schema.String, at: Schema.Number, end: Schema.NullOr(WakeEnd) })
export type Wake = typeof Wake.Type

/** Why the work has failed; `sent_generation` is the generation under which the hub was told, if it was. */
export const Failure = Schema.Struct({ reason: Schema.String, sent_generation: Schema.NullOr(Schema.Int) })
export type Failure = typeof Failure.Type

/** Work of a kind as `queue.json` keeps it. Its id names its files. Times are in epoch milliseconds. */
const workOf = <const Kind extends WorkKind, Payload extends Schema.Top>(kind: Kind, payload: Payload) =>
  Schema.Struct({
    kind: Schema.Literal(kind),
    id: Schema.String,
    generation: Schema.Int, // a higher one replaces what was known of this work
    payload,
    status: WorkStatus,
    wake_attempts: Schema.Int,
    woken_at: Schema.NullOr(Schema.Number), // the first time
    wake: Schema.NullOr(Wake),
    failure: Schema.NullOr(Failure)
  })

const assigned = {
  description: Schema.String,
  metadata: JsonObject,
  assigned_at: Schema.Number,
  assignment: JsonObject
}

/** A task; `assignment` is the frame that assigned it, as it came. */
export const Task = workOf("task", Schema.Struct(assigned))
export type Task = typeof Task.Type

/** What a `task_assign` frame says. */
export const Assignment = Schema.Struct({ task_id: Schema.String, generation: Schema.Int, ...assigned })
export type Assignment = typeof Assignment.Type

/** What is left of a task whose state is lost: a wake whose leader lives, and what it was given. */
export const TaskFound = Schema.Struct({ wake: WakeName, assignment: Assignment })
export type TaskFound = typeof TaskFound.Type

/** A batch of messages; the payload names them. */
export const Batch = workOf("messages", Schema.Struct({ message_ids: Schema.Array(Schema.String) }))
export type Batch = typeof Batch.Type

export type Work = Task | Batch

const batchPrefix = "batch-"

/** The id of a batch says that it is one; the hub's tasks may not have such an id. */
export const kindOf = (work_id: string): WorkKind => work_id.startsWith(batchPrefix) ? "messages" : "task"

/** How a log line names the work. */
export type WorkName = { readonly task_id: string } | { readonly batch_id: string }

export const nameOf = (work_id: string): WorkName =>
  kindOf(work_id) === "task" ? { task_id: work_id } : { batch_id: work_id }

/** Work that nothing has been done for. */
export const unstarted = { status: "accepted", wake_attempts: 0, woken_at: null, wake: null, failure: null } as const
