import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { exitCodes } from "../exitCodes.ts"

/** The agent's folder is gone or cannot be reached: it was moved, or its disk is away. It may come back. */
export class FolderGone extends Schema.TaggedError<FolderGone>()("FolderGone", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `the agent's folder ${this.folder} cannot be reached: ${this.reason}`
  }
}

/** Another folder has this folder's name now. Another sidecar may hold it, so nothing in it is ours. */
export class FolderLost extends Schema.TaggedError<FolderLost>()("FolderLost", { path: Schema.String }) {
  override readonly [Runtime.errorExitCode] = exitCodes.restart
  override get message(): string {
    return `agentcom-sidecar: ${this.path} is not the file that this sidecar locked, so the folder was replaced or its ` +
      "lock removed; this sidecar ends without touching the folder, its agent works on, and the next start takes over"
  }
}

/** Whether the folder was lost. Then nothing is written or logged any more. */
export const isLoss = (cause: Cause.Cause<unknown>): boolean => Cause.squash(cause) instanceof FolderLost

/** The lease of the agent's folder: it is ours alone. By default nobody can take it away. */
export const FolderLease = Context.Reference<{
  /** Checks that the folder we locked is still there. */
  readonly check: Effect.Effect<void, FolderGone | FolderLost>
  /** Whether a check found that it was lost. */
  readonly isLost: () => boolean
  /** What the log says about how the folder is held. */
  readonly notices: ReadonlyArray<LifecycleEvent>
}>("agentcom-sidecar/FolderLease", { defaultValue: () => ({ check: Effect.void, isLost: () => false, notices: [] }) })
