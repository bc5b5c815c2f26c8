import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Respond } from "./server.ts"

/** The folder's socket, at which operators ask. Who asks before there is an answer waits for it. */
export class Control extends Context.Service<Control, {
  readonly answerWith: (respond: Respond) => Effect.Effect<void>
}>()("agentcom-sidecar/Control") {}
