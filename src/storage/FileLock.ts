import * as Predicate from "effect/Predicate"
import type { DatabaseSync } from "node:sqlite"

/** A lock that this process holds until it is released, or until the process ends in whatever way. */
export interface FileLock {
  readonly _tag: "Locked"
  readonly release: () => void
}

/** The file cannot be locked; `foreign` where it is no lock of ours. */
interface Unlockable {
  readonly _tag: "Unlockable"
  readonly reason: string
  readonly foreign: boolean
}

/** Another process holds the lock, or nobody can. */
export type Refusal = { readonly _tag: "Busy" } | Unlockable

/** SQLite's result codes, without their details. */
const busy = 5
const notADatabase = 26

/**
 * The write transaction locks the file and is never committed, so the file stays empty. On a read-only disk the `BEGIN`
 * alone succeeds without a lock. Only the write to `user_version` fails there.
 */
const exclusively = "PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version=1"

/** A database that nothing refers to is closed by the garbage collector, and its lock with it. */
const held = new Set<DatabaseSync>()

/** Loads SQLite without Node 22's warning that it is experimental. */
const loadSqlite = () => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule("node:sqlite")
  } finally {
    process.emitWarning = emitWarning
  }
}

const codeOf = (cause: unknown): number =>
  Predicate.hasProperty(cause, "errcode") && Predicate.isNumber(cause.errcode) ? cause.errcode & 0xff : 0

const refusalOf = (cause: unknown): Refusal => {
  const code = codeOf(cause)
  if (code === busy) return { _tag: "Busy" }
  const reason = cause instanceof Error ? cause.message : String(cause)
  return { _tag: "Unlockable", reason, foreign: code === notADatabase }
}

/** Opens the file, runs `statement` on it and hands it to `use`; a file that refuses is closed again. */
const open = <A>(
  path: string,
  readOnly: boolean,
  statement: string,
  use: (database: DatabaseSync) => A
): A | Refusal => {
  let database: DatabaseSync | undefined
  try {
    database = new (loadSqlite()).DatabaseSync(path, { readOnly, timeout: 0 })
    database.exec(statement)
    return use(database)
  } catch (cause) {
    if (database?.isOpen === true) database.close()
    return refusalOf(cause)
  }
}

/**
 * Locks the file, which has to exist. POSIX drops the lock as soon as this process closes any handle of that file, so
 * nothing else in this process may open it.
 */
export const lockFile = (path: string): FileLock | Refusal =>
  open(path, false, exclusively, (database): FileLock => {
    held.add(database)
    return {
      _tag: "Locked",
      release: () => {
        held.delete(database)
        database.close()
      }
    }
  })

/** Whether another process holds the lock of the file. The question itself holds it, shared, for an instant. */
export const isLocked = (path: string): boolean | Unlockable => {
  const found = open(path, true, "PRAGMA schema_version", (database) => {
    database.close()
    return { _tag: "Free" } as const
  })
  return found._tag === "Unlockable" ? found : found._tag === "Busy"
}
