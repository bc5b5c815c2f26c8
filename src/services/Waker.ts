import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import type { BatchMessage } from "../domain/messages/InboxMessage.ts"
import type { TaskFound, WakeEnd, Work } from "../domain/Work.ts"

/** The command can never run for this task. `remedy` says what to change. */
export class WakeImpossible extends Schema.TaggedError<WakeImpossible>()("WakeImpossible", {
  remedy: Schema.String
}) {}

/** The process table or the wake records cannot be read, so it is unknown which agents live. `reason` is for people. */
export class AgentsUnknown extends Schema.TaggedError<AgentsUnknown>()("AgentsUnknown", {
  reason: Schema.String,
  exit_code: Schema.Int // of a daemon that cannot go on
}) {
  override readonly [Runtime.errorExitCode] = this.exit_code
  override get message(): string {
    return this.reason
  }
}

/** Wakes agents and knows their processes. What cannot be read is never taken for the end of an agent. */
export class Waker extends Context.Service<Waker, {
  /**
   * Spawns the wake command detached. Succeeds when it has been spawned, with an effect that waits for its end. A command that
   * could not be spawned has ended as `unspawned`. A command that did not run because its files or its record could not be
   * written has ended as `unwritten`. The reason is the output. Interruption of either effect leaves the process running.
   */
  readonly wake: (
    work: Work,
    wake_id: string
  ) => Effect.Effect<{ readonly end: Effect.Effect<WakeEnd> }, WakeImpossible>
  /** Waits for the end of a process that an earlier life of the daemon spawned. The end is `unseen`. */
  readonly adopt: (work: Work, wake_id: string) => Effect.Effect<WakeEnd>
  /** What is known of the current wake. A wake that was intended but has not begun is revoked: it never will. */
  readonly inspect: (work: Work) => Effect.Effect<ProcessEvidence>
  /**
   * Gives the agent `linger_ms` to end by itself, then stops its whole process tree. Returns when it is gone, with whether it
   * lived. An agent in another container cannot be stopped, so its end is awaited.
   */
  readonly stop: (work_id: string, linger_ms: number) => Effect.Effect<boolean>
  /** The ids of work with a living agent. */
  readonly survivors: Effect.Effect<ReadonlyArray<string>, AgentsUnknown>
  /** The same for a start, which waits for it: it is tried again for a while. */
  readonly survivorsAtStart: Effect.Effect<ReadonlyArray<string>, AgentsUnknown>
  /** The newest wake whose leader lives, with what it was given: all that is left of its task if the state is lost. */
  readonly atWork: Effect.Effect<TaskFound | null, AgentsUnknown>
  /** Shows messages to the agent that is at work on a task: all that have come for it. */
  readonly showMessages: (task_id: string, messages: ReadonlyArray<BatchMessage>) => Effect.Effect<void>
  /** Removes the payload, prompt and wake records of the work, and its output unless `keep_output`: it may tell why the work failed. */
  readonly forget: (work_id: string, keep_output: boolean) => Effect.Effect<void>
}>()("agentcom-sidecar/Waker") {}
