import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import { WakeName } from "./wakeId.ts"

export const TaskStatus = Schema.Literals(["accepted", "waking", "confirming", "working", "reporting"])
export type TaskStatus = typeof TaskStatus.Type

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

/** A failure we owe the hub; `sent_generation` is the generation under which it was sent, if it was. */
export const Failure = Schema.Struct({ reason: Schema.String, sent_generation: Schema.NullOr(Schema.Int) })
export type Failure = typeof Failure.Type

/** A task as `queue.json` keeps it: the hub's assignment whole, and how far we are with it. Times are epoch milliseconds. */
export const Task = Schema.Struct({
  task_id: Schema.String,
  description: Schema.String,
  metadata: JsonObject,
  generation: Schema.Int,
  assigned_at: Schema.Number,
  status: TaskStatus,
  wake_attempts: Schema.Int,
  woken_at: Schema.NullOr(Schema.Number), // the first time, for this task
  wake: Schema.NullOr(Wake),
  failure: Schema.NullOr(Failure),
  assignment: JsonObject
})
export type Task = typeof Task.Type

/** What a `task_assign` frame says. `assignment` is the frame as it came. */
export const Assignment = Schema.Struct(
  Struct.pick(Task.fields, ["task_id", "description", "metadata", "generation", "assigned_at", "assignment"])
)
export type Assignment = typeof Assignment.Type

/** What is left of a task whose state is lost: a wake whose leader lives, and what it was given. */
export const WorkFound = Schema.Struct({ wake: WakeName, assignment: Assignment })
export type WorkFound = typeof WorkFound.Type
