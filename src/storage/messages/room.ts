import * as Schema from "effect/Schema"
import type { DatabaseSync } from "node:sqlite"
import { change, query } from "./schema.ts"

export const undone_messages = 5_000 // that wait, are being delivered, or whose way is not known yet
export const payloads_bytes = 64 * 1024 * 1024 // of all messages together

/** The states of a message that waits for nothing. Those whose payload goes first come first. */
const spareStates = ["answered", "delivered", "kept", "stuck"] as const

const UsageRow = Schema.Struct({ bytes: Schema.Int, spare: Schema.Int, undone: Schema.Int })
const SpareRow = Schema.Struct({ number: Schema.Int, bytes: Schema.Int })

export interface Room {
  /** Takes a part of the room for one more message, and tells whether there was enough. What nobody waits for makes room. */
  readonly take: (payload_bytes: number, is_undone: boolean) => boolean
}

/** Rule 24: the room of the inbox. */
export const makeRoom = (database: DatabaseSync) => {
  const usage = query(
    database,
    UsageRow,
    `SELECT coalesce(sum(bytes), 0) AS bytes,
      coalesce(sum(bytes) FILTER (WHERE state IN (${spareStates.map((state) => `'${state}'`).join(", ")})), 0) AS spare,
      (SELECT count(*) FROM inbox WHERE state IN ('pushed', 'waiting', 'delivering')) AS undone
    FROM inbox WHERE bytes > 0`
  )
  const oldest = database.prepare("SELECT number, bytes FROM inbox WHERE state = :state AND bytes > 0 ORDER BY number")
  const decode = Schema.decodeUnknownSync(SpareRow)
  const expire = change(
    database,
    "UPDATE inbox SET payload = '', bytes = 0, state = 'expired' WHERE number = :number"
  )

  /** The oldest messages whose payloads together have at least that many bytes. */
  const oldestOf = (needed: number): ReadonlyArray<number> => {
    const numbers: Array<number> = []
    for (const state of spareStates) {
      for (const row of oldest.iterate({ state })) {
        if (needed <= 0) return numbers
        const { bytes, number } = decode(row)
        numbers.push(number)
        needed -= bytes
      }
    }
    return numbers
  }

  const used = () => usage()[0] ?? { bytes: 0, spare: 0, undone: 0 }

  /** The room as it is now. It is counted once for many messages, as that takes longer than to take in one. */
  return (): Room => {
    let { bytes, undone } = used()
    const expireFor = (payload_bytes: number): boolean => {
      const { spare } = used()
      if (bytes - spare + payload_bytes > payloads_bytes) return false
      for (const number of oldestOf(bytes + payload_bytes - payloads_bytes)) expire({ number })
      bytes = used().bytes
      return true
    }
    return {
      take: (payload_bytes, is_undone) => {
        if (is_undone && undone >= undone_messages) return false
        if (bytes + payload_bytes > payloads_bytes && !expireFor(payload_bytes)) return false
        bytes += payload_bytes
        if (is_undone) undone++
        return true
      }
    }
  }
}
