import * as Schema from "effect/Schema"
import type { Choice } from "../../domain/messages/choose.ts"
import { Fates } from "../../domain/messages/Fate.ts"
import { InboxMessage } from "../../domain/messages/InboxMessage.ts"
import type { Listing } from "../../domain/messages/Listing.ts"
import type { MessagePolicy } from "../../domain/messages/MessagePolicy.ts"
import { Origin, Outgoing, type SendOutcome, Target } from "../../domain/messages/Outgoing.ts"
import type { Held, Known } from "../../domain/messages/Talk.ts"
import { JsonObject } from "../../domain/Work.ts"
import type { Opened, Taken } from "../../services/MessageStore.ts"
import { fromExactJson } from "../../text/json.ts"

/** A payload is JSON text here: neither a thread nor the database could carry a number that JavaScript cannot hold. */
const payload = Schema.String
const Payload = fromExactJson(JsonObject)

/** A message of another agent as text, and what decodes it. */
export const InboxText = Schema.Struct({ ...InboxMessage.fields, payload })
const InboxFromText = Schema.Struct({ ...InboxMessage.fields, payload: Payload })

/** A message of ours as text, and what decodes it. */
export const OutgoingText = Schema.Struct({ ...Outgoing.fields, target: Schema.String, payload })
export type OutgoingText = typeof OutgoingText.Type
export const OutgoingFromText = Schema.Struct({
  ...Outgoing.fields,
  target: Schema.fromJsonString(Target),
  payload: Payload
})

/** What comes of a message. It is kept with one that was pushed. */
export const Judgement = Schema.Struct({ fates: Fates, answer: Schema.NullOr(OutgoingText) })

export const JudgedFromText = Schema.Struct({
  message: InboxFromText,
  fates: Fates,
  answer: Schema.NullOr(OutgoingFromText),
  refusal: Schema.NullOr(OutgoingFromText),
  own_text: Schema.NullOr(Schema.String)
})
export type JudgedText = typeof JudgedFromText.Encoded

export const BatchMessageFromText = Schema.Struct({
  message: InboxFromText,
  thread: Schema.String,
  again: Schema.Boolean
})
export type BatchMessageText = typeof BatchMessageFromText.Encoded

export const AwaitedFromText = Schema.Struct({ reply: InboxFromText, awaited_by: Schema.String })
export type AwaitedText = typeof AwaitedFromText.Encoded

export const QueuedFromText = Schema.Struct({
  outgoing: OutgoingFromText,
  origin: Origin,
  state: Schema.Literals(["queued", "sending"]),
  sent_after: Schema.NullOr(Schema.Finite)
})
export type QueuedText = typeof QueuedFromText.Encoded

export const EndFromText = Schema.Union([
  Schema.TaggedStruct("Delivered", { replies: Schema.Array(OutgoingFromText) }),
  Schema.TaggedStruct("Failed", { reason: Schema.String }),
  Schema.TaggedStruct("Postponed", {})
])
export type EndText = typeof EndFromText.Encoded

/** What the marks of a delivery say of its batch. */
export interface MarkedBatch {
  readonly batch_id: string
  readonly message_ids: ReadonlyArray<string>
}

/** The limits of the configuration that the database keeps. */
export type StoreLimits = Pick<MessagePolicy, "batch_max" | "per_hour">

/**
 * What can be asked of the database: an operation takes the time, in epoch milliseconds, and its input. What it gets and gives is
 * plain data, which passes from thread to thread. Each is one transaction. Throws what `databaseError` understands.
 */
export interface MessageDatabase {
  readonly open: (now: number, at_work: MarkedBatch | null) => Opened
  readonly record: (now: number, judged: ReadonlyArray<JudgedText>) => Taken
  readonly settle: (now: number, until: number) => Taken
  readonly know: (now: number, known: Known) => void
  readonly caughtUp: (now: number, until: number) => Held
  readonly choose: (now: number) => Choice
  readonly begin: (now: number, batch: MarkedBatch) => Held
  readonly end: (now: number, ended: { readonly batch: MarkedBatch; readonly end: EndText }) => Held
  readonly read: (now: number, ids: ReadonlyArray<string>) => ReadonlyArray<BatchMessageText>
  readonly since: (now: number, at: number) => ReadonlyArray<BatchMessageText>
  readonly isKnown: (now: number, key: string) => boolean
  readonly queue: (
    now: number,
    queued: {
      readonly outgoing: ReadonlyArray<OutgoingText>
      readonly origin: Origin
      readonly awaits_until: number | null
    }
  ) => Held
  readonly next: (now: number) => { readonly held: Held; readonly queued: QueuedText | null }
  readonly sending: (now: number, attempt: { readonly key: string; readonly after: number }) => void
  readonly sent: (now: number, attempt: { readonly key: string; readonly outcome: SendOutcome }) => Held
  readonly answered: (now: number, ids: ReadonlyArray<string>) => ReadonlyArray<string>
  readonly awaited: (now: number) => AwaitedText | null
  readonly handedOver: (now: number, id: string) => Held
  readonly list: (now: number, all: boolean) => Listing
}

export type OperationName = keyof MessageDatabase
export type Inputs = { readonly [Name in OperationName]: Parameters<MessageDatabase[Name]>[1] }
export type Results = { readonly [Name in OperationName]: ReturnType<MessageDatabase[Name]> }

/** The operations in a form by which the type of one's name tells those of its input and its result. */
export type Operations = {
  readonly [Name in OperationName]: (now: number, input: Inputs[Name]) => Results[Name]
}
