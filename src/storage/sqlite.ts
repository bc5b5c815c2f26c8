import * as Predicate from "effect/Predicate"

/** SQLite's primary result codes. */
export const sqliteCodes = { error: 1, busy: 5, ioError: 10, corrupt: 11, full: 13, notADatabase: 26 } as const

/** Loads SQLite without Node 22's warning that it is experimental. */
export const loadSqlite = () => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return process.getBuiltinModule("node:sqlite")
  } finally {
    process.emitWarning = emitWarning
  }
}

/** SQLite's primary result code of an error, or 0. */
export const sqliteCodeOf = (cause: unknown): number =>
  Predicate.hasProperty(cause, "errcode") && Predicate.isNumber(cause.errcode) ? cause.errcode & 0xff : 0
