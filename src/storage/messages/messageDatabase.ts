import type { DatabaseSync } from "node:sqlite"
import type { Held } from "../../domain/messages/Talk.ts"
import { reasonOf } from "../files.ts"
import { sqliteCodeOf, sqliteCodes } from "../sqlite.ts"
import { makeChoice } from "./choice.ts"
import { makeDeliveries } from "./deliveries.ts"
import { makeForget } from "./forget.ts"
import { makeHeld } from "./held.ts"
import { makeInbox } from "./inbox.ts"
import { makeListing } from "./listing.ts"
import type { MarkedBatch, MessageDatabase, StoreLimits } from "./operations.ts"
import { makeOutbox } from "./outbox.ts"
import { makeReplies } from "./replies.ts"
import { inbox_size, type InboxSize } from "./room.ts"
import { checkWhole, DatabaseError, journalAhead, openDatabase } from "./schema.ts"

/** Runs `work` as one transaction: all of it is on the disk when this returns, and nothing of it if this throws. */
const inTransaction = <A>(database: DatabaseSync, work: () => A): A => {
  database.exec("BEGIN IMMEDIATE")
  try {
    const result = work()
    database.exec("COMMIT")
    return result
  } catch (cause) {
    if (database.isTransaction) database.exec("ROLLBACK")
    throw cause
  }
}

/** Of the inbox, and what numbers the times that it tells what it holds. */
interface Options {
  readonly size?: InboxSize
  readonly revision?: () => number
}

const makeParts = (database: DatabaseSync, limits: StoreLimits, { revision, size = inbox_size }: Options) => {
  const outbox = makeOutbox(database, limits)
  return {
    outbox,
    inbox: makeInbox(database, limits, size, outbox),
    deliveries: makeDeliveries(database, limits, outbox),
    forget: makeForget(database),
    choose: makeChoice(database, limits),
    list: makeListing(database),
    replies: makeReplies(database),
    ...makeHeld(database, revision)
  }
}

/** The operations over an open database. */
const operationsOver = (database: DatabaseSync, limits: StoreLimits, options: Options): MessageDatabase => {
  const { caughtUp, choose, deliveries, forget, held, inbox, know, known, list, outbox, replies } = makeParts(
    database,
    limits,
    options
  )

  /** The batch at work at the start, until the marks follow it. A full disk may put that off to the next change. */
  let unfollowed: { readonly at_work: MarkedBatch | null } | null = null

  const changing = <A>(now: number, work: () => A): A => {
    const result = inTransaction(database, () => {
      if (unfollowed !== null) deliveries.follow(now, unfollowed.at_work)
      return work()
    })
    unfollowed = null
    return result
  }
  const changingHeld = (now: number, work: () => void): Held =>
    changing(now, () => {
      work()
      return held()
    })

  return {
    open: (now, at_work) => {
      checkWhole(database)
      const is_delivered = at_work !== null && deliveries.isDelivered(at_work)
      unfollowed = { at_work: is_delivered ? null : at_work }
      try {
        changing(now, () => undefined)
      } catch (cause) {
        if (sqliteCodeOf(cause) !== sqliteCodes.full) throw cause
      }
      return { held: held(), known: known(), is_delivered }
    },
    record: (now, judged) =>
      changing(now, () => {
        const recorded = inbox.record(now, judged)
        forget(now)
        return { held: held(), recorded }
      }),
    settle: (now, until) =>
      changing(now, () => {
        const recorded = inbox.settle(now, until)
        return { held: held(), recorded }
      }),
    know: (now, until) => changing(now, () => know(until)),
    caughtUp: (now, until) => changingHeld(now, () => caughtUp(until)),
    choose,
    begin: (now, batch) => changingHeld(now, () => deliveries.begin(now, batch)),
    end: (now, { batch, end }) => changingHeld(now, () => deliveries.end(now, batch, end)),
    read: (_, ids) => deliveries.read(ids),
    since: (_, at) => deliveries.since(at),
    isKnown: (_, key) => outbox.isKnown(key),
    queue: (now, { awaits_until, origin, outgoing }) =>
      changingHeld(now, () => {
        outbox.queue(now, outgoing, origin, awaits_until)
        forget(now)
      }),
    next: () => ({ held: held(), queued: outbox.next() }),
    sending: (now, { after, key }) => changing(now, () => outbox.sending(key, after)),
    sent: (now, { key, outcome }) => changingHeld(now, () => outbox.sent(now, key, outcome)),
    answered: (_, ids) => replies.answered(ids),
    awaited: replies.awaited,
    handedOver: (now, id) => changingHeld(now, () => replies.handedOver(id)),
    list: (now, all) => ({ held: held(), held_back: choose(now).held_back, messages: list(all) })
  }
}

/** A database that is open until `close`. */
export interface OpenMessageDatabase {
  readonly operations: MessageDatabase
  readonly close: () => void
}

/**
 * Opens the messages of an agent in the file at `path`, or in `:memory:`, and makes what is missing. Throws what `databaseError`
 * understands.
 */
export const openMessageDatabase = (
  path: string,
  limits: StoreLimits,
  options: Options = {}
): OpenMessageDatabase => {
  const database = openDatabase(path)
  try {
    const operations = operationsOver(database, limits, options)
    journalAhead(database)
    return { operations, close: () => database.close() }
  } catch (cause) {
    database.close()
    throw sqliteCodeOf(cause) === sqliteCodes.error
      ? new DatabaseError({ kind: "damaged", reason: `it has other tables: ${reasonOf(cause)}` })
      : cause
  }
}
