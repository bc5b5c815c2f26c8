import * as Effect from "effect/Effect"
import type { InboxMessage } from "../../domain/messages/InboxMessage.ts"
import type { Origin, Outgoing, SendOutcome } from "../../domain/messages/Outgoing.ts"
import { fieldsOf, type Told, toldOf } from "../../domain/messages/written.ts"
import type { JsonObject } from "../../domain/Work.ts"
import type { Logger } from "../../services/Logger.ts"
import { attempt, exists } from "../../storage/files.ts"
import { outcomePath, replyPath } from "../../storage/outboxFiles.ts"
import { writeOutcome, writeRejected } from "./keep.ts"

/** What the writers of messages, and people, find in the outbox of the agent's folder `home`. */
export const makeNotices = (home: string, outbox_dir: string, log: Logger["Service"]["log"]) => {
  const tellFile = (label: string, told: Told) => writeOutcome(home, outcomePath(outbox_dir, label), told)

  /** Keeps for people what nobody gets. Returns where. */
  const reject = Effect.fnUntraced(function*(label: string, kept: JsonObject | null, reason: string) {
    const path = yield* writeRejected(home, outbox_dir, label, { ...kept, reason })
    yield* log({ event: "message_rejected", reason, file: path })
    return path
  })

  return {
    /** Tells the writer of the file how far its message is. */
    tellFile,
    reject,
    /** Tells whoever gave us the message how an attempt to send it ended. */
    tell: Effect.fnUntraced(function*({ kind, name }: Origin, outgoing: Outgoing, outcome: SendOutcome) {
      if (kind === "answer") return
      if (outcome._tag === "Refused") yield* reject(name, { message: fieldsOf(outgoing) }, outcome.reason)
      const path = outcomePath(outbox_dir, name)
      if (kind === "file" && (yield* attempt(path, () => exists(path)))) yield* tellFile(name, toldOf(outcome))
    }),
    /** Gives the reply to the writer of the file. */
    handOver: (name: string, { from, id, payload, reply_to, type }: InboxMessage) =>
      writeOutcome(home, replyPath(outbox_dir, name), { message_id: id, from, type, reply_to, payload })
  }
}

export type Notices = ReturnType<typeof makeNotices>
