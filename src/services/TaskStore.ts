import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { StoredState } from "../domain/SidecarState.ts"
import { exitCodes } from "../exitCodes.ts"
import type { Unreadable } from "./Unreadable.ts"

/** The state could not be written down. */
export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const { cause, path } = this
    return `${path} cannot be written: ${cause instanceof Error ? cause.message : String(cause)}`
  }
}

/** What is in the place of the state file is not ours to read, and waiting does not change that. */
export class StateNotOurs extends Schema.TaggedError<StateNotOurs>()("StateNotOurs", {
  path: Schema.String,
  problem: Schema.String,
  remedy: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.configuration
  override get message(): string {
    return `agentcom-sidecar: ${this.path} ${this.problem}; nothing was changed: ${this.remedy}`
  }
}

/** The state, kept across crashes. */
export class TaskStore extends Context.Service<TaskStore, {
  /**
   * The stored state; null if there is none, or it made no sense and was set aside. Leftovers of a save that was killed are
   * removed.
   */
  readonly load: Effect.Effect<StoredState | null, StateNotOurs | Unreadable>
  /** Returns when the state would survive a power failure. */
  readonly save: (state: StoredState) => Effect.Effect<void, StoreError>
}>()("agentcom-sidecar/TaskStore") {}
