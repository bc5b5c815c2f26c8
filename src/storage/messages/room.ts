import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { change, query } from "./schema.ts"

/** How much an inbox holds. */
export interface InboxSize {
  readonly messages: number // that wait, are being delivered, or whose way is not known yet
  readonly bytes: number // of all payloads
}

export const inbox_size: InboxSize = { messages: 5_000, bytes: 64 * 1024 * 1024 }

/** A full inbox gives up so much more than it has to, as a part of all, because looking for it takes long. */
const given_up = 1 / 64

/** The states of a message that waits for nothing. Those whose payload is given up first come first. */
const spareStates = ["answered", "delivered", "kept", "stuck"] as const

const UsedRow = Schema.Struct({ bytes: Schema.Int })
const UndoneRow = Schema.Struct({ count: Schema.Int })
const SpareRow = Schema.Struct({ number: Schema.Int, bytes: Schema.Int })

export interface Room {
  /** Takes a part of the room for one more message, and tells whether there was enough. What nobody waits for makes room. */
  readonly take: (bytes: number, is_undone: boolean) => boolean
}

const makeStatements = (database: DatabaseSync) => ({
  used: query(database, UsedRow, "SELECT payload_bytes AS bytes FROM known"),
  undone: query(
    database,
    UndoneRow,
    "SELECT count(*) AS count FROM inbox WHERE state IN ('pushed', 'waiting', 'delivering')"
  ),
  spare: query(
    database,
    SpareRow,
    "SELECT number, bytes FROM inbox WHERE state = :state AND bytes > 0 ORDER BY number"
  ),
  expire: change(database, "UPDATE inbox SET payload = '', bytes = 0, state = 'expired' WHERE number = :number")
})

/** Rule 24: the room of the inbox. What is made of it is the room as it is now. */
export const makeRoom = (database: DatabaseSync, size: InboxSize) => {
  const { expire, spare, undone, used } = makeStatements(database)

  /** Gives up payloads that together have at least so many bytes. Gives up none if that cannot be. */
  const giveUp = (bytes: number): boolean => {
    const candidates = spareStates.flatMap((state) => spare({ state }))
    if (candidates.reduce((sum, one) => sum + one.bytes, 0) < bytes) return false
    let left = bytes + size.bytes * given_up
    for (const { bytes: freed, number } of candidates) {
      if (left <= 0) break
      expire({ number })
      left -= freed
    }
    return true
  }

  return (): Room => {
    let count = undone()[0]?.count ?? 0
    return {
      take: (bytes, is_undone) => {
        if (is_undone && count >= size.messages) return false
        const missing = (used()[0]?.bytes ?? 0) + bytes - size.bytes
        if (missing > 0 && !giveUp(missing)) return false
        if (is_undone) count++
        return true
      }
    }
  }
}
