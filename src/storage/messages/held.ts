import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { type Held, type Known, nothingHeld } from "../../domain/messages/Talk.ts"
import { change, query } from "./schema.ts"

const time = Schema.NullOr(Schema.Finite)

const HeldRow = Schema.Struct({
  waiting: Schema.Int,
  first_at: time,
  urgent_at: time,
  pushed_from: time,
  pushed_until: time,
  outgoing: Schema.Int,
  missed_from: time
})

const KnownRow = Schema.Struct({
  heard_until: time,
  room_seq: Schema.NullOr(Schema.Int),
  room_sent_at: time,
  channels: Schema.fromJsonString(Schema.Array(Schema.String))
})

/** What is held, and how far the hub is known. */
export const makeHeld = (database: DatabaseSync, revision: () => number = () => 0) => {
  const counts = query(
    database,
    HeldRow,
    `SELECT
      count(*) FILTER (WHERE state = 'waiting') AS waiting,
      min(heard_at) FILTER (WHERE state = 'waiting') AS first_at,
      min(heard_at) FILTER (WHERE state = 'waiting' AND urgent = 1) AS urgent_at,
      min(sent_at) FILTER (WHERE state = 'pushed') AS pushed_from,
      max(sent_at) FILTER (WHERE state = 'pushed') AS pushed_until,
      (SELECT count(*) FROM outbox WHERE state IN ('queued', 'sending')) AS outgoing,
      (SELECT missed_from FROM known) AS missed_from
    FROM inbox WHERE state IN ('pushed', 'waiting', 'delivering')`
  )
  const known = query(database, KnownRow, "SELECT heard_until, room_seq, room_sent_at, channels FROM known")
  const know = change(
    database,
    `UPDATE known SET heard_until = :heard_until, room_seq = :room_seq, room_sent_at = :room_sent_at, channels = :channels`
  )
  const caughtUp = change(
    database,
    "UPDATE known SET missed_from = iif(missed_until > :until, max(missed_from, :until), NULL)"
  )

  return {
    held: (): Held => {
      const [row] = counts()
      if (row === undefined) return nothingHeld
      const { pushed_from, pushed_until, ...held } = row
      return {
        ...held,
        revision: revision(),
        pushed: pushed_from === null || pushed_until === null ? null : { from: pushed_from, until: pushed_until }
      }
    },

    known: (): Known => {
      const [row] = known()
      const { channels = [], heard_until = null, room_sent_at = null, room_seq = null } = row ?? {}
      return {
        channels,
        heard_until,
        room: room_seq === null || room_sent_at === null ? null : { seq: room_seq, sent_at: room_sent_at }
      }
    },

    know: ({ channels, heard_until, room }: Known): void =>
      know({
        heard_until,
        room_seq: room?.seq ?? null,
        room_sent_at: room?.sent_at ?? null,
        channels: JSON.stringify(channels)
      }),

    caughtUp: (until: number): void => caughtUp({ until })
  }
}
