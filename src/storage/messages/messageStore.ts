import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Choice } from "../../domain/messages/choose.ts"
import { Held, nothingHeld } from "../../domain/messages/Talk.ts"
import type { Batch } from "../../domain/Work.ts"
import type { MessageStore } from "../../services/MessageStore.ts"
import { StoreError } from "../../services/TaskStore.ts"
import type { Ask } from "./messageThread.ts"
import {
  AwaitedFromText,
  BatchMessageFromText,
  EndFromText,
  JudgedFromText,
  type MarkedBatch,
  OutgoingFromText,
  QueuedFromText
} from "./operations.ts"

const judgedText = Schema.encodeEffect(Schema.Array(JudgedFromText))
const outgoingText = Schema.encodeEffect(Schema.Array(OutgoingFromText))
const endText = Schema.encodeEffect(EndFromText)
const batchMessages = Schema.decodeEffect(Schema.Array(BatchMessageFromText))
const awaited = Schema.decodeEffect(Schema.NullOr(AwaitedFromText))
const next = Schema.decodeEffect(Schema.Struct({ held: Held, queued: Schema.NullOr(QueuedFromText) }))

const nothingToDeliver: Choice = { ids: [], held_back: [], retry_at: null }

export const marked = ({ id, payload }: Batch): MarkedBatch => ({ batch_id: id, message_ids: payload.message_ids })

/**
 * The operations of the message store but its opening, over a database at `path` that is asked in plain data. Where `isThere` says
 * that there is none, nothing is read, so that none is made.
 */
export const messageOperations = (
  path: string,
  ask: Ask,
  isThere: Effect.Effect<boolean, unknown>
): Omit<MessageStore["Service"], "open"> => {
  const stored = <A>(operation: Effect.Effect<A, unknown>): Effect.Effect<A, StoreError> =>
    Effect.mapError(operation, (cause) => new StoreError({ path, cause }))
  const ifThere = <A, B>(operation: Effect.Effect<A, unknown>, otherwise: B): Effect.Effect<A | B, StoreError> =>
    stored(
      Effect.flatMap(isThere, (there): Effect.Effect<A | B, unknown> => there ? operation : Effect.succeed(otherwise))
    )

  return {
    record: (judged) => stored(Effect.flatMap(judgedText(judged), (text) => ask("record", text))),
    settle: (until) => ifThere(ask("settle", until), { held: nothingHeld, recorded: [] }),
    know: (known) => ifThere(ask("know", known), undefined),
    caughtUp: (until) => ifThere(ask("caughtUp", until), nothingHeld),
    choose: ifThere(ask("choose", undefined), nothingToDeliver),
    begin: (batch) => stored(ask("begin", marked(batch))),
    end: (batch, end) =>
      stored(Effect.flatMap(endText(end), (text) => ask("end", { batch: marked(batch), end: text }))),
    read: (ids) => ifThere(Effect.flatMap(ask("read", ids), batchMessages), []),
    since: (at) => ifThere(Effect.flatMap(ask("since", at), batchMessages), []),
    isKnown: (key) => ifThere(ask("isKnown", key), false),
    queue: (outgoing, origin, awaits_until = null) =>
      stored(Effect.flatMap(outgoingText(outgoing), (text) => ask("queue", { outgoing: text, origin, awaits_until }))),
    next: ifThere(Effect.flatMap(ask("next", undefined), next), { held: nothingHeld, queued: null }),
    sending: (key, after) => stored(ask("sending", { key, after })),
    sent: (key, outcome) => stored(ask("sent", { key, outcome })),
    answered: (ids) => Effect.map(ifThere(ask("answered", ids), []), (found) => new Set(found)),
    awaited: ifThere(Effect.flatMap(ask("awaited", undefined), awaited), null),
    handedOver: (id) => stored(ask("handedOver", id)),
    list: (all) => ifThere(ask("list", all), { held: nothingHeld, held_back: [], messages: [] })
  }
}
