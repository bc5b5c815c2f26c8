import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { holdingNotices } from "../../domain/messages/notices.ts"
import type { Outgoing } from "../../domain/messages/Outgoing.ts"
import { repliesIn } from "../../domain/messages/replies.ts"
import { type Batch, unstarted } from "../../domain/Work.ts"
import type { DeliveryEnd } from "../../services/MessageStore.ts"
import type { CommandOf } from "../ActorContext.ts"
import type { MessageTools } from "./messageCommands.ts"

const store_retry_ms = 5_000 // until the store can be asked for a batch, or the marks of a delivery be written

/** A batch has an id of our own, so nothing that another agent wrote is in it. */
const batchOf = (message_ids: ReadonlyArray<string>, now: number): Batch => ({
  ...unstarted,
  kind: "messages",
  id: `batch-${now}`,
  generation: 1,
  payload: { message_ids }
})

/** The commands about batches: which messages go to the agent, and what came of it. */
export const deliveryCommands = ({ fibers, learn, log, orUnrecorded, post, store, waker }: MessageTools) => {
  /** What the agent gave back. Nobody gets a reply of which it is unclear whom it answers; the log tells. */
  const endOf = Effect.fnUntraced(function*({ batch, end }: CommandOf<"EndDelivery">) {
    if (end._tag !== "Delivered") return end
    const messages = yield* store.read(batch.payload.message_ids)
    const answered = yield* store.answered(batch.payload.message_ids)
    const { outgoing, problems } = repliesIn(end.answer, messages, answered)
    for (const reason of problems) yield* log({ event: "replies_unclear", batch_id: batch.id, reason })
    return { _tag: "Delivered", replies: outgoing } satisfies DeliveryEnd
  })

  const markEnd = (command: CommandOf<"EndDelivery">) =>
    endOf(command).pipe(
      Effect.flatMap((end) => store.end(command.batch, end)),
      Effect.tapError(({ message, path }) => log({ event: "file_trouble", path, reason: message })),
      Effect.retry(Schedule.spaced(store_retry_ms)),
      Effect.orDie,
      Effect.flatMap((held) => post({ _tag: "DeliveryMarked", end: command.end._tag, held }))
    )

  /** The key of a notice keeps it from being queued twice. */
  const tellSenders = (notices: ReadonlyArray<Outgoing>) =>
    notices.length === 0
      ? Effect.void
      : orUnrecorded(
        store.queue(notices, { kind: "answer", name: "limits" }),
        (held) => learn({ _tag: "HeldChanged", held })
      )

  const choose = Effect.gen(function*() {
    const now = yield* Clock.currentTimeMillis
    const { held_back, ids, retry_at } = yield* Effect.orElseSucceed(
      store.choose,
      () => ({ ids: [], held_back: [], retry_at: now + store_retry_ms })
    )
    yield* learn(
      ids.length === 0
        ? { _tag: "NoBatch", retry_at, held_back: held_back.reduce((sum, { messages }) => sum + messages, 0) }
        : { _tag: "BatchReady", batch: batchOf(ids, now) }
    )
    yield* tellSenders(holdingNotices(held_back, now))
  })

  /** A message reaches the agent in its next batch too, so a file that cannot be written holds up nothing. */
  const show = ({ since, task_id }: CommandOf<"ShowMessages">) =>
    Effect.flatMap(store.since(since), (messages) => waker.showMessages(task_id, messages)).pipe(
      Effect.catch(({ message, path }) => log({ event: "file_trouble", path, reason: message }))
    )

  return {
    ShowMessages: (command: CommandOf<"ShowMessages">) => fibers.run(`show ${command.task_id}`, show(command)),
    ChooseBatch: () => choose,
    BeginDelivery: ({ batch }: CommandOf<"BeginDelivery">) =>
      orUnrecorded(store.begin(batch), (held) => learn({ _tag: "HeldChanged", held })),
    EndDelivery: (command: CommandOf<"EndDelivery">) => fibers.runOnce(`end of ${command.batch.id}`, markEnd(command))
  }
}
