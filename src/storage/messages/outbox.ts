import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { hour_ms } from "../../domain/messages/choose.ts"
import { Origin, type SendOutcome, type Target } from "../../domain/messages/Outgoing.ts"
import { roomText } from "../../domain/messages/refusal.ts"
import { OutgoingText, QueuedFromText, type QueuedText, type StoreLimits } from "./operations.ts"
import { change, query } from "./schema.ts"

const { sent_after, state } = QueuedFromText.fields
const UnsentRow = Schema.Struct({
  ...OutgoingText.fields,
  state,
  sent_after,
  origin_kind: Origin.fields.kind,
  origin_name: Schema.String
})
const ThreadRow = Schema.Struct({ thread: Schema.String })
const CountRow = Schema.Struct({ count: Schema.Int })

const makeStatements = (database: DatabaseSync) => ({
  named: query(
    database,
    ThreadRow,
    `SELECT thread FROM inbox WHERE id = :id
    UNION ALL SELECT coalesce(thread, hub_id) FROM outbox WHERE hub_id = :id LIMIT 1`
  ),
  ours: query(database, CountRow, "SELECT count(*) AS count FROM outbox WHERE hub_id = :id OR said = :said"),
  known: query(database, CountRow, "SELECT count(*) AS count FROM outbox WHERE key = :key"),
  answers: query(
    database,
    CountRow,
    "SELECT count(*) AS count FROM outbox WHERE origin_kind IN ('answer', 'batch') AND created_at > :since AND created_at <= :now"
  ),
  insert: change(
    database,
    `INSERT INTO outbox (key, target, type, reply_to, thread, payload, said, state, origin_kind, origin_name, awaits_until,
      created_at)
    VALUES (:key, :target, :type, :reply_to, :thread, :payload, :said, 'queued', :kind, :name, :awaits_until, :now)
    ON CONFLICT DO NOTHING`
  ),
  unsent: query(
    database,
    UnsentRow,
    `SELECT key, target, type, reply_to, payload, state, sent_after, origin_kind, origin_name FROM outbox
    WHERE state IN ('queued', 'sending') ORDER BY state = 'sending' DESC, number LIMIT 1`
  ),
  markSending: change(
    database,
    `UPDATE outbox SET state = 'sending', attempts = attempts + 1, sent_after = coalesce(sent_after, :after)
    WHERE key = :key AND state IN ('queued', 'sending')`
  ),
  markSent: change(
    database,
    "UPDATE outbox SET state = 'sent', reason = NULL, hub_id = :hub_id, payload = '', sent_at = :now WHERE key = :key"
  ),
  mark: change(database, "UPDATE outbox SET state = :state, reason = :reason WHERE key = :key")
})

const theRoom = JSON.stringify({ _tag: "Room" } satisfies Target)

const digestOf = (text: string): string => createHash("sha256").update(text.toWellFormed()).digest("base64url")

/** What we send, in the order in which it was queued. */
export const makeOutbox = (database: DatabaseSync, { per_hour }: StoreLimits) => {
  const { answers, insert, known, mark, markSending, markSent, named, ours, unsent } = makeStatements(database)

  /** The thread of the message with this id, as far as we saw it. */
  const threadOf = (id: string): string => named({ id })[0]?.thread ?? id

  const add = (
    now: number,
    outgoing: OutgoingText,
    { kind, name }: Origin,
    awaits_until: number | null = null
  ): void => {
    const thread = outgoing.reply_to === null ? null : threadOf(outgoing.reply_to)
    const said = outgoing.target === theRoom ? digestOf(roomText(JSON.parse(outgoing.payload))) : null
    insert({ ...outgoing, thread, said, kind, name, awaits_until, now })
  }

  /** Rule 23: queues an answer of ours, unless there were enough in the last hour. Tells whether it did. */
  const answer = (now: number, outgoing: OutgoingText, name: string): boolean => {
    const isEnough = (answers({ since: now - hour_ms, now })[0]?.count ?? 0) >= per_hour.answers
    if (!isEnough) add(now, outgoing, { kind: "answer", name })
    return !isEnough
  }

  return {
    threadOf,

    /** Whether the hub gave this id to a message of ours, or we said this text in the room. */
    isOurs: (id: string, text: string | null): boolean =>
      (ours({ id, said: text === null ? null : digestOf(text) })[0]?.count ?? 0) > 0,

    /** Whether a message with this key was queued before. */
    isKnown: (key: string): boolean => (known({ key })[0]?.count ?? 0) > 0,

    add,

    answer,

    queue: (now: number, all: ReadonlyArray<OutgoingText>, origin: Origin, awaits_until: number | null): void => {
      for (const one of all) {
        if (origin.kind === "answer") answer(now, one, origin.name)
        else add(now, one, origin, awaits_until)
      }
    },

    next: (): QueuedText | null => {
      const [row] = unsent()
      if (row === undefined) return null
      const { sent_after: after, origin_kind: kind, origin_name: name, state: now, ...outgoing } = row
      return { outgoing, origin: { kind, name }, state: now, sent_after: after }
    },

    sending: (key: string, after: number): void => markSending({ key, after }),

    sent: (now: number, key: string, outcome: SendOutcome): void => {
      switch (outcome._tag) {
        case "Sent":
          return markSent({ key, hub_id: outcome.hub_id, now })
        case "Refused":
          return mark({ key, state: "rejected", reason: outcome.reason })
        case "Limited":
          return mark({ key, state: "queued", reason: null })
        case "Failed":
          return mark({ key, state: "queued", reason: outcome.reason })
        case "Unknown":
          return mark({ key, state: "sending", reason: outcome.reason })
      }
    }
  }
}

export type Outbox = ReturnType<typeof makeOutbox>
