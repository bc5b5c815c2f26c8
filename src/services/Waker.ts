import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { TaskFound, WakeEnd, Work } from "../domain/Work.ts"

/** The command can never run for this task, whatever is tried again; `remedy` says what to change. */
export class WakeImpossible extends Schema.TaggedError<WakeImpossible>()("WakeImpossible", {
  remedy: Schema.String
}) {}

/** The process table or the wake records cannot be read, so that nobody knows which agents live; `reason` is for people. */
export class AgentsUnknown extends Schema.TaggedError<AgentsUnknown>()("AgentsUnknown", {
  reason: Schema.String,
  exit_code: Schema.Int // of a daemon that cannot go on without
}) {
  override readonly [Runtime.errorExitCode] = this.exit_code
  override get message(): string {
    return this.reason
  }
}

/** Wakes the agent of a task and knows its processes. What cannot be read is never taken for the end of an agent. */
export class Waker extends Context.Service<Waker, {
  /**
   * Spawns the wake command detached. Succeeds when it has been spawned, with the effect that waits for its end; a
   * command that could not be spawned has ended as `unspawned`, and one that did not run, as its files or its record could
   * not be written, as `unwritten`, with the reason as its output. Interruption of either leaves the process at its work.
   */
  readonly wake: (
    work: Work,
    wake_id: string
  ) => Effect.Effect<{ readonly end: Effect.Effect<WakeEnd> }, WakeImpossible>
  /** Waits for the end of a process that an earlier life of the daemon spawned; it is `unseen`. */
  readonly adopt: (work: Work, wake_id: string) => Effect.Effect<WakeEnd>
  /** What is known of the task's current wake. A wake that was meant but has not begun is revoked: it never will. */
  readonly inspect: (work: Work) => Effect.Effect<ProcessEvidence>
  /**
   * Gives the agent `linger_ms` to end by itself, then stops its whole process tree; returns when it is known to be gone,
   * with whether it lived. One that lives in another container cannot be stopped, and is waited for.
   */
  readonly stop: (work_id: string, linger_ms: number) => Effect.Effect<boolean>
  /** The tasks that have a living agent. */
  readonly survivors: Effect.Effect<ReadonlyArray<string>, AgentsUnknown>
  /** The same at a start, which nothing is begun before: asked again for a while where it is not known. */
  readonly survivorsAtStart: Effect.Effect<ReadonlyArray<string>, AgentsUnknown>
  /** The newest wake whose leader lives, with what it was given: all that is left of its task where the state is lost. */
  readonly atWork: Effect.Effect<TaskFound | null, AgentsUnknown>
  /** Removes the payload, prompt and wake records of a task, and its output unless that may tell why the task failed. */
  readonly forget: (work_id: string, keep_output: boolean) => Effect.Effect<void>
}>()("agentcom-sidecar/Waker") {}
