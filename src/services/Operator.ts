import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"

/** Starts to listen to the people who run the sidecar. Their requests come by the stream. By default nobody asks. */
export const Operator = Context.Reference<Effect.Effect<Stream.Stream<Message>, never, Scope.Scope>>(
  "agentcom-sidecar/Operator",
  { defaultValue: () => Effect.succeed(Stream.empty) }
)
