import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** Is told how the sidecar ends, before the sidecar waits for work that may never finish. */
export const Ending: Context.Reference<(exit: Exit.Exit<number, unknown>) => Effect.Effect<void>> = Context.Reference<
  (exit: Exit.Exit<number, unknown>) => Effect.Effect<void>
>(
  "agentcom-sidecar/Ending",
  { defaultValue: () => () => Effect.void }
)
