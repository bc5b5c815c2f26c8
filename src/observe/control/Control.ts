import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Respond } from "./server.ts"

/** The folder's control socket, at which operators ask the running sidecar. */
export class Control extends Context.Service<Control, {
  /** Listens until the scope closes. A socket that cannot be made is logged and stops nothing. */
  readonly answerWith: (respond: Respond) => Effect.Effect<void, never, Scope.Scope>
}>()("agentcom-sidecar/Control") {}
