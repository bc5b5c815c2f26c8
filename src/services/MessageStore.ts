import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Choice } from "../domain/messages/choose.ts"
import type { Judged, Recorded } from "../domain/messages/Fate.ts"
import type { BatchMessage, InboxMessage } from "../domain/messages/InboxMessage.ts"
import type { Listing } from "../domain/messages/Listing.ts"
import type { Origin, Outgoing, SendOutcome } from "../domain/messages/Outgoing.ts"
import type { Held, Known } from "../domain/messages/Talk.ts"
import type { Batch } from "../domain/Work.ts"
import type { StateNotOurs, StoreError } from "./TaskStore.ts"
import type { Unreadable } from "./Unreadable.ts"

/** What is held after messages were taken in, and what became of each. */
export interface Taken {
  readonly held: Held
  readonly recorded: ReadonlyArray<Recorded>
}

/** What an earlier life has left. `is_delivered`: the batch at work has had its end, and its replies are queued. */
export interface Opened {
  readonly held: Held
  readonly known: Known
  readonly is_delivered: boolean
}

/** How a delivery ended. `replies` are queued in the same step. */
export type DeliveryEnd =
  | { readonly _tag: "Delivered"; readonly replies: ReadonlyArray<Outgoing> }
  | { readonly _tag: "Failed"; readonly reason: string }
  | { readonly _tag: "Postponed" } // this machine could not wake the agent

/**
 * What the hub was asked to take, and how far that came. `sending`: it may have it already. `sent_after` is a time of the
 * hub's clock, in epoch milliseconds, before it was first on its way; null if it never was.
 */
export interface Queued {
  readonly outgoing: Outgoing
  readonly origin: Origin
  readonly state: "queued" | "sending"
  readonly sent_after: number | null
}

/** A reply that came, and the name of the file whose writer awaits it. */
export interface Awaited {
  readonly reply: InboxMessage
  readonly awaited_by: string
}

/**
 * Inbox and outbox, kept across crashes. Each operation is one transaction, and returns when it would survive a power failure.
 * All tell what is held afterwards.
 */
export class MessageStore extends Context.Service<MessageStore, {
  /**
   * Opens the store and repairs the marks of deliveries from the batch at work. A store that is damaged is set aside, and an
   * empty one begins. Where there is none, nothing is held, and none is made before it is needed.
   */
  readonly open: (at_work: Batch | null) => Effect.Effect<Opened, StateNotOurs | Unreadable>
  /** Takes messages in. A message that is known by its id changes nothing, except that a pushed one learns its way. */
  readonly record: (
    judged: ReadonlyArray<Judged>
  ) => Effect.Effect<Taken, StoreError>
  /** What was pushed up to the hub's time `until`, and is not known to be direct, was a broadcast. */
  readonly settle: (until: number) => Effect.Effect<Taken, StoreError>
  /** Notes how far the hub has been heard. */
  readonly know: (known: Known) => Effect.Effect<void, StoreError>
  /** Notes that all that was left out up to the hub's time `until` has been recorded since. */
  readonly caughtUp: (until: number) => Effect.Effect<Held, StoreError>
  /** The messages of the next batch. Nothing is marked. */
  readonly choose: Effect.Effect<Choice, StoreError>
  /** Marks the messages of the batch as being delivered. */
  readonly begin: (batch: Batch) => Effect.Effect<Held, StoreError>
  /** Marks the messages of the batch by how their delivery ended, and queues the replies. */
  readonly end: (batch: Batch, end: DeliveryEnd) => Effect.Effect<Held, StoreError>
  /** The messages with these ids, in this order. */
  readonly read: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlyArray<BatchMessage>, StoreError>
  /** The last messages for the agent that came at or after this time of our clock. */
  readonly since: (at: number) => Effect.Effect<ReadonlyArray<BatchMessage>, StoreError>
  /** Those of the messages with these ids that the agent has answered itself, by a file in the outbox. */
  readonly answered: (ids: ReadonlyArray<string>) => Effect.Effect<ReadonlySet<string>, StoreError>
  /** Whether a message of ours with this key was queued before, and is not forgotten. */
  readonly isKnown: (key: string) => Effect.Effect<boolean, StoreError>
  /**
   * Queues messages of ours. One whose key is known already is not queued again. A reply that comes until `awaits_until`, in epoch
   * milliseconds of our clock, is awaited.
   */
  readonly queue: (
    outgoing: ReadonlyArray<Outgoing>,
    origin: Origin,
    awaits_until?: number | null
  ) => Effect.Effect<Held, StoreError>
  /** The message to be sent next; null if there is none. */
  readonly next: Effect.Effect<{ readonly held: Held; readonly queued: Queued | null }, StoreError>
  /** Notes that a message is on its way since a time of the hub's clock, so that the hub may have it. The first such time stays. */
  readonly sending: (key: string, after: number) => Effect.Effect<void, StoreError>
  /** Notes how an attempt to send ended. */
  readonly sent: (key: string, outcome: SendOutcome) => Effect.Effect<Held, StoreError>
  /** The first reply that is awaited and has not been handed over; null if there is none. */
  readonly awaited: Effect.Effect<Awaited | null, StoreError>
  /** Notes that the reply with this id was handed over to whoever awaited it. It is not delivered. */
  readonly handedOver: (id: string) => Effect.Effect<Held, StoreError>
  /** The inbox for people. `all` names the messages too that were delivered. */
  readonly list: (all: boolean) => Effect.Effect<Listing, StoreError>
}>()("agentcom-sidecar/MessageStore") {}
