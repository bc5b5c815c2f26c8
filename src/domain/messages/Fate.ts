import * as Schema from "effect/Schema"
import { JsonObject } from "../Work.ts"
import type { InboxMessage } from "./InboxMessage.ts"
import type { Outgoing } from "./Outgoing.ts"

/** A reply that needs no agent. */
export const ShortAnswer = Schema.Struct({
  type: Schema.Literals(["pong", "status_reply", "refused"]),
  payload: JsonObject
})
export type ShortAnswer = typeof ShortAnswer.Type

/**
 * What becomes of a message. `Drop`: it is remembered by its id alone. `Keep`: it stays in the inbox. `Answer`: we answer
 * without the agent. `Deliver`: the agent is woken with it; `urgent` shortens the wait.
 */
export const Fate = Schema.Union([
  Schema.TaggedStruct("Drop", { reason: Schema.String }),
  Schema.TaggedStruct("Keep", { reason: Schema.String }),
  Schema.TaggedStruct("Answer", { answer: ShortAnswer }),
  Schema.TaggedStruct("Deliver", { urgent: Schema.Boolean })
])
export type Fate = typeof Fate.Type

/** What becomes of a pushed message, whichever of the two it turns out to be. */
export const Fates = Schema.Struct({ direct: Fate, broadcast: Fate })
export type Fates = typeof Fates.Type

/**
 * A message that came, with what becomes of it. `answer` is queued with it if that is to be answered, and `refusal` if a full inbox
 * leaves it out. `own_text` is the text of a message that says in the room that it is ours. It is, if we said that there.
 */
export interface Judged {
  readonly message: InboxMessage
  readonly fates: Fates
  readonly answer: Outgoing | null
  readonly refusal: Outgoing | null
  readonly own_text: string | null
}

/** What became of a message that is new. `left_out`: the inbox is full. `awaited`: it is a reply, and went to whoever awaited it. */
export const Recorded = Schema.Struct({
  id: Schema.String,
  from: Schema.String,
  type: Schema.String,
  outcome: Schema.Literals(["waiting", "kept", "dropped", "answered", "pushed", "left_out", "awaited"]),
  reason: Schema.NullOr(Schema.String)
})
export type Recorded = typeof Recorded.Type
