import * as Schema from "effect/Schema"
import { Buffer } from "node:buffer"
import type { DatabaseSync } from "node:sqlite"
import type { Recorded } from "../../domain/messages/Fate.ts"
import type { Way } from "../../domain/messages/InboxMessage.ts"
import { makeFates, placed } from "./fates.ts"
import { type JudgedText, Judgement, type StoreLimits } from "./operations.ts"
import type { Outbox } from "./outbox.ts"
import { type InboxSize, makeRoom, type Room } from "./room.ts"
import { change, query } from "./schema.ts"

const JudgementText = Schema.fromJsonString(Judgement)
const encodeJudgement = Schema.encodeSync(JudgementText)

const FoundRow = Schema.Struct({
  id: Schema.String,
  from: Schema.String,
  type: Schema.String,
  judgement: Schema.NullOr(JudgementText) // null: its way is known
})
type Found = typeof FoundRow.Type

const makeStatements = (database: DatabaseSync) => {
  const found = "SELECT id, sender AS \"from\", type, judgement FROM inbox"
  return {
    named: query(database, FoundRow, `${found} WHERE id = :id`),
    pushedUntil: query(
      database,
      FoundRow,
      `${found} WHERE state = 'pushed' AND sent_at <= :until ORDER BY sent_at, number`
    ),
    insert: change(
      database,
      `INSERT INTO inbox (id, way, channel, sender, type, payload, bytes, reply_to, thread, sent_at, heard_at, state,
        urgent, reason, judgement)
      VALUES (:id, :way, :channel, :from, :type, :payload, :bytes, :reply_to, :thread, :sent_at, :now, :state,
        :urgent, :reason, :judgement)`
    ),
    learnWay: change(
      database,
      `UPDATE inbox SET way = :way, channel = :channel, state = :state, urgent = :urgent, reason = :reason,
        judgement = NULL WHERE id = :id`
    ),
    empty: change(database, "UPDATE inbox SET payload = '', bytes = 0 WHERE id = :id"),
    noteMissed: change(
      database,
      `UPDATE known SET missed_from = min(coalesce(missed_from, :sent_at), :sent_at),
        missed_until = max(coalesce(missed_until, :sent_at), :sent_at)`
    )
  }
}

/** What comes of a message by this way. When it was pushed, both ways were thought of but a channel's. */
const judgedFor = (way: Way, { answer, fates }: typeof Judgement.Type) => ({
  fate: way === "broadcast" ? fates.broadcast : fates.direct,
  answer
})

/** Rule 16: in the room a name proves nothing, so what we said there is known by its text, or by the id in the hub's answer. */
const ownWords: ReturnType<typeof judgedFor> = { fate: { _tag: "Drop", reason: "it is our own" }, answer: null }

/** What came to us. */
export const makeInbox = (database: DatabaseSync, limits: StoreLimits, size: InboxSize, outbox: Outbox) => {
  const { empty, insert, learnWay, named, noteMissed, pushedUntil } = makeStatements(database)
  const place = makeFates(database, limits, outbox)
  const roomNow = makeRoom(database, size)

  /** Settles what becomes of a pushed message whose way is known now. */
  const settle = (
    now: number,
    message: Found,
    { channel, way }: { readonly way: Way; readonly channel: string | null },
    judgement: typeof Judgement.Type
  ): Recorded => {
    const { from, id, type } = message
    const { reason, state, urgent } = place(now, message, judgedFor(way, judgement))
    learnWay({ id, way, channel, state, urgent: Number(urgent), reason })
    if (state === "dropped") empty({ id })
    return { id, from, type, outcome: state, reason }
  }

  /** A copy of a message that is known. */
  const copy = (now: number, found: Found, { message, ...later }: JudgedText): ReadonlyArray<Recorded> => {
    if (found.judgement === null || message.way === "pushed") return []
    const isThoughtOf = message.way === "direct" || message.way === "broadcast"
    return [settle(now, found, message, isThoughtOf ? found.judgement : later)]
  }

  /** Takes in a message that is new. */
  const take = (now: number, { message, own_text, refusal, ...judgement }: JudgedText, room: Room): Recorded => {
    const { from, id, reply_to, sent_at, type, way } = message
    const judged = way === "pushed" ? null : outbox.isOurs(id, own_text) ? ownWords : judgedFor(way, judgement)
    const payload = judged?.fate._tag === "Drop" ? "" : message.payload
    const bytes = Buffer.byteLength(payload)
    if (!room.take(bytes, judged === null || judged.fate._tag === "Deliver")) {
      noteMissed({ sent_at })
      if (refusal !== null) outbox.answer(now, refusal, id)
      return { id, from, type, outcome: "left_out", reason: "the inbox is full" }
    }
    const { reason, state, urgent } = judged === null ? placed("pushed") : place(now, message, judged)
    const thread = reply_to === null ? id : outbox.threadOf(reply_to)
    const row = { ...message, payload, bytes, thread, now, state, urgent: Number(urgent), reason }
    insert({ ...row, judgement: judged === null ? encodeJudgement(judgement) : null })
    return { id, from, type, outcome: state, reason }
  }

  return {
    /** Takes messages in, in this order. */
    record: (now: number, judged: ReadonlyArray<JudgedText>): ReadonlyArray<Recorded> => {
      const room = roomNow()
      return judged.flatMap((one) => {
        const { id } = one.message
        const [found] = named({ id })
        return found === undefined ? [take(now, one, room)] : copy(now, found, one)
      })
    },

    /** What was pushed up to the hub's time `until`, and whose way is not known, was a broadcast. */
    settle: (now: number, until: number): ReadonlyArray<Recorded> =>
      pushedUntil({ until }).flatMap((message) =>
        message.judgement === null
          ? []
          : [settle(now, message, { way: "broadcast", channel: null }, message.judgement)]
      )
  }
}
