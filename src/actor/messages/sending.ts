import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SendOutcome } from "../../domain/messages/Outgoing.ts"
import { refusalOf } from "../../domain/messages/refusal.ts"
import { self_test_type } from "../../domain/messages/selfTest.ts"
import type { Queued } from "../../services/MessageStore.ts"
import type { StoreError } from "../../services/TaskStore.ts"
import type { CommandOf } from "../ActorContext.ts"
import type { MessageTools } from "./messageCommands.ts"

const failed = (reason: string): SendOutcome => ({ _tag: "Failed", reason })
const sent: SendOutcome = { _tag: "Sent", hub_id: null }

/** The command that sends the next message of the outbox, and tells how that ended. */
export const sendCommands = ({ agent_id, fibers, messenger, outbox, post, replies, store }: MessageTools) => {
  /** Rule 20: what may be at the hub already is looked up there first. */
  const outcomeOf = Effect.fnUntraced(function*(
    { outgoing, sent_after, state }: Queued,
    after: number
  ): Effect.fn.Return<SendOutcome, StoreError> {
    const refusal = refusalOf(outgoing, agent_id)
    if (refusal !== null) return { _tag: "Refused", reason: refusal }
    if (state === "sending" && sent_after !== null) {
      const found = yield* Effect.result(messenger.lookUp(outgoing, sent_after))
      if (Result.isFailure(found)) return { _tag: "Unknown", reason: found.failure.reason }
      if (found.success) return sent
    }
    yield* store.sending(outgoing.key, after)
    return yield* messenger.send(outgoing)
  })

  const sendNext = Effect.fnUntraced(
    function*({ after }: CommandOf<"SendNext">) {
      const next = yield* store.next
      if (next.queued === null) return yield* post({ _tag: "SendEnded", key: null, outcome: sent, held: next.held })
      const { origin, outgoing } = next.queued
      const outcome = yield* outcomeOf(next.queued, after)
      // Before it is noted: after a crash in between it is looked up, and told then.
      yield* outbox.tell(origin, outgoing, outcome)
      const held = yield* store.sent(outgoing.key, outcome)
      // The reply may have come before the hub's answer to us.
      yield* post({ _tag: "SendEnded", key: outgoing.key, outcome, held: yield* replies.after(held) })
    },
    Effect.catchTag(
      "StoreError",
      ({ message }) => post({ _tag: "SendEnded", key: "unknown", outcome: failed(message), held: null })
    )
  )

  const testDelivery = Effect.flatMap(
    messenger.send({
      key: "self-test",
      target: { _tag: "Agent", agent_id },
      type: self_test_type,
      reply_to: null,
      payload: {}
    }),
    ({ _tag }) => post({ _tag: "TestDelivered", sent: _tag === "Sent" })
  )

  return {
    SendNext: (command: CommandOf<"SendNext">) => fibers.run("send", sendNext(command)),
    TestDelivery: () => fibers.run("self test", testDelivery)
  }
}
