import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Files of tasks that are over, or that nobody here ever knew. */
export interface OrphanedFiles {
  /** The tasks none of whose files has changed for `retention_days`, whoever holds them. */
  readonly stale: Effect.Effect<ReadonlyArray<string>>
  /** Moves what was found of a task to `results/expired`. */
  readonly expire: (work_id: string) => Effect.Effect<void>
}

/** Keeps the folders from filling up. Nothing is ever moved unless someone is there to. */
export const Orphans: Context.Reference<OrphanedFiles> = Context.Reference<OrphanedFiles>(
  "agentcom-sidecar/Orphans",
  { defaultValue: () => ({ stale: Effect.succeed([]), expire: () => Effect.void }) }
)
