import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { InboxMessage } from "../domain/messages/InboxMessage.ts"
import type { Outgoing, SendOutcome } from "../domain/messages/Outgoing.ts"
import type { Known, Reading } from "../domain/messages/Talk.ts"

/** The hub did not answer a request as it should. `reason` is the end of a sentence. */
export class HubUnread extends Schema.TaggedError<HubUnread>()("HubUnread", { reason: Schema.String }) {}

/**
 * What a reading found. `next` reads on where this one ended; null at the end. `up_to` is the number of the last mailbox entry, which an
 * acknowledgement names; null if there is nothing to acknowledge.
 */
export interface Page {
  readonly messages: ReadonlyArray<InboxMessage>
  readonly up_to: number | null
  readonly next: Reading | null
  readonly room: Known["room"] // the last that was said in the room, where that was read
  readonly channels: ReadonlyArray<string> | null // that the hub has us subscribed to, where that was asked
  readonly is_full: boolean // the mailbox holds as much as it can, so older entries may be gone
  readonly left_out: number // entries that are no messages, or too large
}

/** Talk with the hub by HTTP, so that it cannot disturb the frames of tasks. It never fails a task, and closes no connection. */
export class Messenger extends Context.Service<Messenger, {
  readonly read: (reading: Reading) => Effect.Effect<Page, HubUnread>
  /** Removes the entries of our mailbox up to this number. */
  readonly acknowledge: (up_to: number) => Effect.Effect<void, HubUnread>
  readonly send: (outgoing: Outgoing) => Effect.Effect<SendOutcome>
  /**
   * Whether the hub has the message already, by its key. `since` is a time of the hub's clock before it was sent first. Of a
   * channel only the last 200 messages are known.
   */
  readonly lookUp: (outgoing: Outgoing, since: number) => Effect.Effect<boolean, HubUnread>
}>()("agentcom-sidecar/Messenger") {}
