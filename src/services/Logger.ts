import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"

/** The lifecycle log. A log that cannot be written never stops the work. */
export class Logger extends Context.Service<Logger, {
  readonly log: (event: LifecycleEvent) => Effect.Effect<void>
}>()("agentcom-sidecar/Logger") {}
