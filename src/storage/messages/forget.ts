import type { DatabaseSync } from "node:sqlite"
import { change } from "./schema.ts"

export const remembered = 20_000 // the last messages, of which each is remembered whatever its age
export const remembered_ms = 7 * 24 * 60 * 60_000
export const remembered_at_most = 200_000 // messages

/** Forgets messages that are done: those older than `before`, but for the last, and those beyond the most that are remembered. */
const forgetOf = (database: DatabaseSync, table: string, done: string, time: string) => {
  const last = `(SELECT max(number) FROM ${table})`
  const old = change(
    database,
    `DELETE FROM ${table} INDEXED BY ${table}_age WHERE ${time} < :before AND number <= ${last} - ${remembered} AND state ${done}`
  )
  const excess = change(
    database,
    `DELETE FROM ${table} WHERE number <= ${last} - ${remembered_at_most} AND state ${done}`
  )
  return (now: number): void => {
    old({ before: now - remembered_ms })
    excess()
  }
}

/** Rule 16: by its id a message is known when it comes again, until it is forgotten. What was sent is as long known by its key. */
export const makeForget = (database: DatabaseSync) => {
  const inbox = forgetOf(database, "inbox", "NOT IN ('pushed', 'waiting', 'delivering', 'stuck')", "heard_at")
  const outbox = forgetOf(database, "outbox", "IN ('sent', 'rejected')", "created_at")
  return (now: number): void => {
    inbox(now)
    outbox(now)
  }
}
