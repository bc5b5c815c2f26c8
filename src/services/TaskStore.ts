import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { StoredState } from "../domain/SidecarState.ts"

export class StoreError extends Schema.TaggedError<StoreError>()("StoreError", {
  reason: Schema.Literals(["Unreadable", "Unwritable"]),
  path: Schema.String,
  cause: Schema.Defect()
}) {
  override get message(): string {
    const can = this.reason === "Unwritable" ? "written" : "read"
    return `${this.path} cannot be ${can}: ${this.cause instanceof Error ? this.cause.message : String(this.cause)}`
  }
}

/** What we owe the hub, kept across crashes. */
export class TaskStore extends Context.Service<TaskStore, {
  /** The stored state; the empty one where there is none. A file that cannot be understood is set aside, never overwritten. What a kill in the middle of a save left is removed. */
  readonly load: Effect.Effect<StoredState, StoreError>
  /** Returns when the state would survive a power failure. */
  readonly save: (state: StoredState) => Effect.Effect<void, StoreError>
}>()("agentcom-sidecar/TaskStore") {}
