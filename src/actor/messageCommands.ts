import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { SendOutcome } from "../domain/messages/Outgoing.ts"
import { refusalOf } from "../domain/messages/refusal.ts"
import { repliesIn } from "../domain/messages/replies.ts"
import { type Batch, unstarted } from "../domain/Work.ts"
import type { Logger } from "../services/Logger.ts"
import type { DeliveryEnd, MessageStore, Queued } from "../services/MessageStore.ts"
import type { Messenger } from "../services/Messenger.ts"
import type { StoreError } from "../services/TaskStore.ts"
import type { ActorContext, CommandOf } from "./ActorContext.ts"

const store_retry_ms = 5_000 // until the marks of a delivery can be written

/** The id of a batch: our own, so nothing that another agent wrote is in it. */
const batchOf = (message_ids: ReadonlyArray<string>, now: number): Batch => ({
  ...unstarted,
  kind: "messages",
  id: `batch-${now}`,
  generation: 1,
  payload: { message_ids }
})

/** The commands about messages: the inbox and the outbox, and the talk with the hub. */
export const messageCommands = (
  store: MessageStore["Service"],
  messenger: Messenger["Service"],
  log: Logger["Service"]["log"],
  { agent_id, fibers, learn, post }: ActorContext
) => {
  const orUnrecorded = <A>(operation: Effect.Effect<A, StoreError>, then: (done: A) => Effect.Effect<void>) =>
    Effect.matchEffect(operation, {
      onFailure: ({ message }) => learn({ _tag: "MessagesUnrecorded", reason: message }),
      onSuccess: then
    })

  /** What the agent gave back for its batch. Replies that cannot be told apart are named in the log, and nobody gets them. */
  const marksOf = Effect.fnUntraced(function*({ batch, end }: CommandOf<"EndDelivery">) {
    if (end._tag !== "Delivered") return end
    const messages = yield* store.read(batch.payload.message_ids)
    const { outgoing, problems } = repliesIn(end.answer, messages, new Set())
    for (const reason of problems) yield* log({ event: "replies_unclear", batch_id: batch.id, reason })
    return { _tag: "Delivered", replies: outgoing } satisfies DeliveryEnd
  })

  const endDelivery = (command: CommandOf<"EndDelivery">) =>
    marksOf(command).pipe(
      Effect.flatMap((marks) => store.end(command.batch, marks)),
      Effect.tapError(({ message, path }) => log({ event: "file_trouble", path, reason: message })),
      Effect.retry(Schedule.spaced(store_retry_ms)),
      Effect.orDie,
      Effect.flatMap((held) => post({ _tag: "DeliveryMarked", end: command.end._tag, held }))
    )

  /** Rule 20: sends it, or first asks the hub whether it has it already. */
  const outcomeOf = ({ first_sent_at, outgoing, state }: Queued): Effect.Effect<SendOutcome, StoreError> =>
    Effect.gen(function*() {
      const refusal = refusalOf(outgoing, agent_id)
      if (refusal !== null) return { _tag: "Refused", reason: refusal }
      if (state === "sending" && first_sent_at !== null) {
        const found = yield* Effect.result(messenger.lookUp(outgoing, first_sent_at))
        if (found._tag === "Failure") return { _tag: "Unknown", reason: found.failure.reason }
        if (found.success) return { _tag: "Sent", hub_id: null }
      }
      yield* store.sending(outgoing.key)
      return yield* messenger.send(outgoing)
    })

  const nothingSent: SendOutcome = { _tag: "Sent", hub_id: null }

  const sendNext = Effect.gen(function*() {
    const next = yield* store.next
    if (next === null) return yield* post({ _tag: "SendEnded", key: null, outcome: nothingSent, held: null })
    const { key } = next.outgoing
    const outcome = yield* outcomeOf(next)
    yield* post({ _tag: "SendEnded", key, outcome, held: yield* store.sent(key, outcome) })
  }).pipe(
    Effect.catchTag(
      "StoreError",
      ({ message }) =>
        post({ _tag: "SendEnded", key: "unknown", outcome: { _tag: "Failed", reason: message }, held: null })
    )
  )

  return {
    RecordMessages: ({ judged }: CommandOf<"RecordMessages">) =>
      orUnrecorded(store.record(judged), (done) => learn({ _tag: "MessagesRecorded", ...done })),
    SettlePushed: ({ until }: CommandOf<"SettlePushed">) =>
      orUnrecorded(store.settle(until), (done) => learn({ _tag: "MessagesRecorded", ...done })),
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
          onSuccess: (page) => post({ _tag: "HubRead", reading, pass, ...page })
        })
      ),
    AcknowledgeMailbox: ({ pass, up_to }: CommandOf<"AcknowledgeMailbox">) =>
      fibers.run(
        "read hub",
        Effect.flatMap(
          Effect.isSuccess(messenger.acknowledge(up_to)),
          (done) => post({ _tag: "MailboxAcknowledged", pass, done })
        )
      ),
    ChooseBatch: () =>
      Effect.gen(function*() {
        const now = yield* Clock.currentTimeMillis
        const { ids, retry_at } = yield* Effect.orElseSucceed(
          store.choose,
          () => ({ ids: [], retry_at: now + store_retry_ms })
        )
        yield* learn(
          ids.length === 0
            ? { _tag: "NoBatch", retry_at }
            : { _tag: "BatchReady", batch: batchOf(ids, now) }
        )
      }),
    BeginDelivery: ({ batch }: CommandOf<"BeginDelivery">) =>
      orUnrecorded(store.begin(batch), (held) => learn({ _tag: "HeldChanged", held })),
    EndDelivery: (command: CommandOf<"EndDelivery">) =>
      fibers.runOnce(`end of ${command.batch.id}`, endDelivery(command)),
    SendNext: () => fibers.run("send", sendNext)
  }
}
