import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { hour_ms } from "../../domain/messages/choose.ts"
import { afterFailure } from "../../domain/messages/deliveries.ts"
import { type BatchMessageText, type EndText, InboxText, type MarkedBatch, type StoreLimits } from "./operations.ts"
import type { Outbox } from "./outbox.ts"
import { change, query } from "./schema.ts"

const { id } = InboxText.fields
const batch_limit = Schema.NullOr(Schema.Int)

const MarksRow = Schema.Struct({ id, deliveries: Schema.Int, failures: Schema.Int, batch_limit })
const IdRow = Schema.Struct({ id })
const MessageRow = Schema.Struct({
  ...InboxText.fields,
  thread: Schema.String,
  again: Schema.BooleanFromBit
})

const shown_messages = 200 // to an agent at its task

const makeStatements = (database: DatabaseSync) => ({
  message: query(
    database,
    MessageRow,
    `SELECT way, channel, sender AS "from", thread, id, type, payload, reply_to, sent_at, deliveries > (state <> 'waiting') AS again
    FROM inbox WHERE id = :id AND payload <> ''`
  ),
  lastSince: query(
    database,
    IdRow,
    `SELECT id FROM inbox WHERE heard_at >= :at AND state IN ('waiting', 'delivering', 'delivered')
    ORDER BY number DESC LIMIT ${shown_messages}`
  ),
  addBatch: change(
    database,
    "INSERT INTO batches (id, begun_at) VALUES (:batch_id, :now) ON CONFLICT DO NOTHING"
  ),
  forgetBatch: change(database, "DELETE FROM batches WHERE id = :batch_id"),
  forgetBatches: change(database, "DELETE FROM batches WHERE begun_at <= :since"),
  deliver: change(
    database,
    `UPDATE inbox SET state = 'delivering', batch_id = :batch_id,
      deliveries = deliveries + (batch_id IS NOT :batch_id),
      delivered_at = iif(batch_id IS :batch_id, delivered_at, :now)
    WHERE id = :id AND state IN ('waiting', 'delivering', 'delivered', 'stuck')`
  ),
  marked: query(
    database,
    MarksRow,
    "SELECT id, deliveries, failures, batch_limit FROM inbox WHERE state = 'delivering' AND batch_id = :batch_id"
  ),
  deliveredBy: query(
    database,
    IdRow,
    "SELECT id FROM inbox WHERE state = 'delivered' AND batch_id = :batch_id LIMIT 1"
  ),
  allDelivered: change(
    database,
    "UPDATE inbox SET state = 'delivered', reason = NULL WHERE state = 'delivering' AND batch_id = :batch_id"
  ),
  failed: change(
    database,
    `UPDATE inbox SET state = :state, batch_id = NULL, failures = :failures, batch_limit = :batch_limit, reason = :reason
    WHERE id = :id`
  ),
  takeBack: change(
    database,
    `UPDATE inbox SET state = 'waiting', batch_id = NULL, deliveries = deliveries - 1, delivered_at = NULL
    WHERE state = 'delivering' AND batch_id = :batch_id`
  ),
  breakOff: change(
    database,
    "UPDATE inbox SET state = 'waiting', batch_id = NULL WHERE state = 'delivering' AND batch_id IS NOT :batch_id"
  )
})

/** Reads messages by their ids. */
const readerOf =
  ({ message }: ReturnType<typeof makeStatements>) => (ids: ReadonlyArray<string>): ReadonlyArray<BatchMessageText> =>
    ids.flatMap((one) => message({ id: one })).map(({ again, thread, ...row }) => ({ message: row, thread, again }))

/** The batches in which messages go to the agent. */
export const makeDeliveries = (database: DatabaseSync, limits: StoreLimits, outbox: Outbox) => {
  const statements = makeStatements(database)

  const begin = (now: number, { batch_id, message_ids }: MarkedBatch): void => {
    statements.forgetBatches({ since: now - hour_ms })
    statements.addBatch({ batch_id, now })
    for (const one of message_ids) statements.deliver({ id: one, batch_id, now })
  }

  const fail = ({ batch_id, message_ids }: MarkedBatch, reason: string): void => {
    for (const { id: one, ...marks } of statements.marked({ batch_id })) {
      const before = { ...marks, batch_limit: marks.batch_limit ?? limits.batch_max }
      const after = afterFailure(before, message_ids.length)
      const { batch_limit: limit, failures } = after.marks
      statements.failed({ id: one, state: after.stuck ? "stuck" : "waiting", failures, batch_limit: limit, reason })
    }
  }

  const read = readerOf(statements)

  return {
    begin,

    isDelivered: ({ batch_id }: MarkedBatch): boolean => statements.deliveredBy({ batch_id }).length > 0,

    /** A full disk may have left its beginning unmarked, so that is marked first. */
    end: (now: number, batch: MarkedBatch, end: EndText): void => {
      const { batch_id } = batch
      begin(now, batch)
      switch (end._tag) {
        case "Delivered":
          statements.allDelivered({ batch_id })
          for (const reply of end.replies) outbox.add(now, reply, { kind: "batch", name: batch_id })
          return
        case "Failed":
          return fail(batch, end.reason)
        case "Postponed":
          statements.takeBack({ batch_id })
          return statements.forgetBatch({ batch_id })
      }
    },

    /** Makes the marks say that these messages are being delivered, and no others. Those others were delivered once. */
    follow: (now: number, at_work: MarkedBatch | null): void => {
      statements.breakOff({ batch_id: at_work?.batch_id ?? null })
      if (at_work !== null) begin(now, at_work)
    },

    read,

    /** The last messages for the agent that came at or after `at`. */
    since: (at: number): ReadonlyArray<BatchMessageText> =>
      read(statements.lastSince({ at }).map((row) => row.id).toReversed())
  }
}
