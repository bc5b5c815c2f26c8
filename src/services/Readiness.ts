import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Obstacle } from "../domain/Readiness.ts"

/** What a wake would find on this machine now. */
export interface ReadinessCheck {
  readonly obstacle: Obstacle | null
  readonly programs: string // that it would run; another text if one of them was replaced
}

export interface ReadinessChecks {
  /** `by_writing` also writes into the folders, because a disk may be full. */
  readonly check: (by_writing: boolean) => Effect.Effect<ReadinessCheck>
}

/** Whether the agent could be woken here. By default it can. */
export const Readiness: Context.Reference<ReadinessChecks> = Context.Reference<ReadinessChecks>(
  "agentcom-sidecar/Readiness",
  { defaultValue: () => ({ check: () => Effect.succeed({ obstacle: null, programs: "" }) }) }
)
