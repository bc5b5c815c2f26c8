import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { InboxMessage } from "../domain/messages/InboxMessage.ts"
import type { Origin, Outgoing, SendOutcome } from "../domain/messages/Outgoing.ts"
import type { Held } from "../domain/messages/Talk.ts"
import type { StoreError } from "./TaskStore.ts"

/** The folder into which the agent, or `send`, writes messages for others. */
export class Outbox extends Context.Service<Outbox, {
  /** Queues what is written there, now and later. Tells what is held after each time. */
  readonly filled: Stream.Stream<Held>
  /** Tells whoever gave us a message how far it has come. */
  readonly tell: (origin: Origin, outgoing: Outgoing, outcome: SendOutcome) => Effect.Effect<void>
  /** Gives the reply to the writer of the file of this name. */
  readonly handOver: (name: string, reply: InboxMessage) => Effect.Effect<void, StoreError>
}>()("agentcom-sidecar/Outbox") {}
