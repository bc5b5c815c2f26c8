import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { bytesInBatch, type Choice, chooseBatch, countDelivered, hour_ms } from "../../domain/messages/choose.ts"
import { InboxText, type StoreLimits } from "./operations.ts"
import { query } from "./schema.ts"

const { channel, from, id, sent_at, way } = InboxText.fields
const counted = { way, from, channel, thread: Schema.String }

const WaitingRow = Schema.Struct({ ...counted, id, sent_at, bytes: Schema.Int, batch_limit: Schema.NullOr(Schema.Int) })
const DeliveredRow = Schema.Struct({ ...counted, delivered_at: Schema.Int })
const BeginRow = Schema.Struct({ begun_at: Schema.Int })

const columns = "way, channel, sender AS \"from\", thread"

/** Chooses the messages of the next batch. Nothing is marked. */
export const makeChoice = (database: DatabaseSync, limits: StoreLimits) => {
  const waiting = query(
    database,
    WaitingRow,
    `SELECT ${columns}, id, sent_at, bytes, batch_limit FROM inbox WHERE state = 'waiting'`
  )
  const deliveredIn = query(
    database,
    DeliveredRow,
    `SELECT ${columns}, delivered_at FROM inbox WHERE delivered_at > :since AND delivered_at <= :now`
  )
  const batchesIn = query(
    database,
    BeginRow,
    "SELECT begun_at FROM batches WHERE begun_at > :since AND begun_at <= :now"
  )

  return (now: number): Choice => {
    const hour = { since: now - hour_ms, now } // what lies ahead was before the clock was set back
    const candidates = waiting().map(({ batch_limit, bytes, ...row }) => ({
      ...row,
      bytes: bytesInBatch(bytes),
      payload_bytes: bytes,
      batch_limit: batch_limit ?? limits.batch_max
    }))
    const batches = batchesIn(hour).map(({ begun_at }) => begun_at)
    return chooseBatch(candidates, limits, countDelivered(deliveredIn(hour), batches))
  }
}
