import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { SendOutcome } from "../../domain/messages/Outgoing.ts"
import { refusalOf } from "../../domain/messages/refusal.ts"
import type { Queued } from "../../services/MessageStore.ts"
import type { StoreError } from "../../services/TaskStore.ts"
import type { CommandOf } from "../ActorContext.ts"
import type { MessageTools } from "./messageCommands.ts"

const failed = (reason: string): SendOutcome => ({ _tag: "Failed", reason })
const sent: SendOutcome = { _tag: "Sent", hub_id: null }

/** The command that sends the next message of the outbox, and tells how that ended. */
export const sendCommands = ({ agent_id, fibers, messenger, post, store }: MessageTools) => {
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
      if (next === null) return yield* post({ _tag: "SendEnded", key: null, outcome: sent, held: null })
      const { key } = next.outgoing
      const outcome = yield* outcomeOf(next, after)
      yield* post({ _tag: "SendEnded", key, outcome, held: yield* store.sent(key, outcome) })
    },
    Effect.catchTag(
      "StoreError",
      ({ message }) => post({ _tag: "SendEnded", key: "unknown", outcome: failed(message), held: null })
    )
  )

  return { SendNext: (command: CommandOf<"SendNext">) => fibers.run("send", sendNext(command)) }
}
