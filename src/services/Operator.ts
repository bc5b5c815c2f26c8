import * as Context from "effect/Context"
import * as Stream from "effect/Stream"
import type { Message } from "../domain/Message.ts"

/** What the people who run the sidecar ask of it. Nobody asks anything unless someone is there to. */
export const Operator: Context.Reference<Stream.Stream<Message>> = Context.Reference<Stream.Stream<Message>>(
  "agentcom-sidecar/Operator",
  { defaultValue: () => Stream.empty }
)
