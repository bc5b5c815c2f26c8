import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"

/** Hears how the sidecar ends, before it waits for what it still has in hand, which may take for ever. */
export const Ending: Context.Reference<(exit: Exit.Exit<number, unknown>) => Effect.Effect<void>> = Context.Reference<
  (exit: Exit.Exit<number, unknown>) => Effect.Effect<void>
>(
  "agentcom-sidecar/Ending",
  { defaultValue: () => () => Effect.void }
)
