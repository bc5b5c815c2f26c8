import * as Effect from "effect/Effect"
import type { Logger } from "../../services/Logger.ts"
import type { MessageStore } from "../../services/MessageStore.ts"
import type { Messenger } from "../../services/Messenger.ts"
import type { Outbox } from "../../services/Outbox.ts"
import type { StoreError } from "../../services/TaskStore.ts"
import type { Waker } from "../../services/Waker.ts"
import type { ActorContext, CommandOf } from "../ActorContext.ts"
import { deliveryCommands } from "./delivering.ts"
import { makeHandOver } from "./handingOver.ts"
import { sendCommands } from "./sending.ts"

/** What the commands about messages need. */
export interface MessageTools extends ActorContext {
  readonly store: MessageStore["Service"]
  readonly messenger: Messenger["Service"]
  readonly waker: Waker["Service"]
  readonly outbox: Outbox["Service"]
  readonly log: Logger["Service"]["log"]
  /** Gives replies to those who await them. */
  readonly replies: ReturnType<typeof makeHandOver>
  /** Does something in the store. If that is impossible, the rules learn why. */
  readonly orUnrecorded: <A>(
    operation: Effect.Effect<A, StoreError>,
    then: (done: A) => Effect.Effect<void>
  ) => Effect.Effect<void>
}

/** The commands that read what the hub has for us, and note what of it is recorded. */
const readingCommands = ({ fibers, learn, messenger, orUnrecorded, post, replies, store }: MessageTools) => ({
  RecordMessages: ({ judged }: CommandOf<"RecordMessages">) =>
    orUnrecorded(
      Effect.flatMap(store.record(judged), replies.among),
      (taken) => learn({ _tag: "MessagesRecorded", ...taken })
    ),
  SettlePushed: ({ until }: CommandOf<"SettlePushed">) =>
    orUnrecorded(
      Effect.flatMap(store.settle(until), replies.among),
      (taken) => learn({ _tag: "MessagesRecorded", ...taken })
    ),
  NoteKnown: ({ known, missed_until }: CommandOf<"NoteKnown">) =>
    Effect.andThen(
      orUnrecorded(store.know(known), () => Effect.void),
      missed_until === null
        ? Effect.void
        : orUnrecorded(store.caughtUp(missed_until), (held) => learn({ _tag: "HeldChanged", held }))
    ),
  ReadHub: ({ pass, reading }: CommandOf<"ReadHub">) =>
    fibers.run(
      "read hub",
      Effect.matchEffect(messenger.read(reading), {
        onFailure: ({ reason }) => post({ _tag: "HubUnread", reading, pass, reason }),
        onSuccess: ({ channels, is_full, messages, next, room, up_to }) =>
          post({ _tag: "HubRead", reading, pass, messages, up_to, next, room, channels, is_full })
      })
    ),
  AcknowledgeMailbox: ({ pass, up_to }: CommandOf<"AcknowledgeMailbox">) =>
    fibers.run(
      "read hub",
      Effect.flatMap(
        Effect.isSuccess(messenger.acknowledge(up_to)),
        (done) => post({ _tag: "MailboxAcknowledged", pass, done })
      )
    )
})

/** The commands about messages: inbox, batches and outbox. */
export const messageCommands = (tools: Omit<MessageTools, "orUnrecorded" | "replies">) => {
  const all: MessageTools = {
    ...tools,
    replies: makeHandOver(tools),
    orUnrecorded: (operation, then) =>
      Effect.matchEffect(operation, {
        onFailure: ({ message }) => tools.learn({ _tag: "MessagesUnrecorded", reason: message }),
        onSuccess: then
      })
  }
  return { ...readingCommands(all), ...deliveryCommands(all), ...sendCommands(all) }
}
