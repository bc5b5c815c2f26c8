import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Obstacle } from "../domain/Readiness.ts"

/** What of this machine a wake would need, at this moment. */
export interface ReadinessCheck {
  readonly obstacle: Obstacle | null
  readonly programs: string // which programs it would run: another text where one of them was replaced
}

export interface ReadinessChecks {
  /** `by_writing` tries the folders by writing into them, as a disk may be full. */
  readonly check: (by_writing: boolean) => Effect.Effect<ReadinessCheck>
}

/** Whether the agent could be woken here. Nothing keeps it from that unless someone looks. */
export const Readiness: Context.Reference<ReadinessChecks> = Context.Reference<ReadinessChecks>(
  "agentcom-sidecar/Readiness",
  { defaultValue: () => ({ check: () => Effect.succeed({ obstacle: null, programs: "" }) }) }
)
