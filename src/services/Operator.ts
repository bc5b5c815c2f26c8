import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"

/** Begins to listen to the people who run the sidecar; what they ask comes by the stream. Nobody asks unless someone is there to. */
export const Operator = Context.Reference<Effect.Effect<Stream.Stream<Message>, never, Scope.Scope>>(
  "agentcom-sidecar/Operator",
  { defaultValue: () => Effect.succeed(Stream.empty) }
)
