import * as Context from "effect/Context"
import * as Effect from "effect/Effect"

/** Files of work that is over, or that this sidecar never knew. */
export interface OrphanedFiles {
  /** The ids of work none of whose files has changed for `retention_days`, held or not. */
  readonly stale: Effect.Effect<ReadonlyArray<string>>
  /** Moves the files that were found for an id to `results/expired`. */
  readonly expire: (work_id: string) => Effect.Effect<void>
}

/** Keeps the folders from filling up. By default nothing is moved. */
export const Orphans: Context.Reference<OrphanedFiles> = Context.Reference<OrphanedFiles>(
  "agentcom-sidecar/Orphans",
  { defaultValue: () => ({ stale: Effect.succeed([]), expire: () => Effect.void }) }
)
