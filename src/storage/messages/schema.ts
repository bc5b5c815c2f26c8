import * as Schema from "effect/Schema"
import { chmodSync, closeSync, openSync, statSync } from "node:fs"
import type { DatabaseSync, SQLInputValue } from "node:sqlite"
import { platform } from "../../platform.ts"
import { codeOf, reasonOf } from "../files.ts"
import { loadSqlite, sqliteCodeOf, sqliteCodes } from "../sqlite.ts"

/** Of the tables. A database with a higher version was written by a newer sidecar. */
export const schema_version = 1
export const busy_wait_ms = 5_000 // for another process that uses the file, say a person's `sqlite3`
const journal_bytes = 1024 * 1024 // that the journal keeps on the disk when it is not needed

/** The database cannot be used. `damaged`: what is in the file is no such database. */
export class DatabaseError extends Schema.TaggedError<DatabaseError>()("DatabaseError", {
  kind: Schema.Literals(["damaged", "newer", "failed"]),
  reason: Schema.String
}) {
  override get message(): string {
    return this.reason
  }
}

const damaged = new Set<number>([sqliteCodes.corrupt, sqliteCodes.notADatabase])

/** What an operation has thrown, as our error. */
export const databaseError = (cause: unknown): DatabaseError =>
  cause instanceof DatabaseError
    ? cause
    : new DatabaseError({ kind: damaged.has(sqliteCodeOf(cause)) ? "damaged" : "failed", reason: reasonOf(cause) })

/** Times that end in `_at` are epoch milliseconds: `sent_at` and the `missed_` ones by the hub's clock, the others by ours. */
const tables = `
CREATE TABLE inbox (
  number INTEGER PRIMARY KEY, -- in the order in which they came
  id TEXT NOT NULL UNIQUE,
  way TEXT NOT NULL,
  channel TEXT,
  sender TEXT NOT NULL,
  type TEXT NOT NULL,
  payload TEXT NOT NULL, -- JSON as it came; empty where only the id is remembered
  bytes INTEGER NOT NULL, -- of the payload
  reply_to TEXT,
  thread TEXT NOT NULL,
  sent_at REAL NOT NULL,
  heard_at INTEGER NOT NULL,
  state TEXT NOT NULL, -- pushed, waiting, delivering, delivered, stuck, kept, answered, dropped, expired
  urgent INTEGER NOT NULL DEFAULT 0,
  reason TEXT,
  judgement TEXT, -- of one that was pushed, until its way is known
  batch_id TEXT,
  deliveries INTEGER NOT NULL DEFAULT 0, -- that have begun
  failures INTEGER NOT NULL DEFAULT 0,
  batch_limit INTEGER, -- null: as many as the configuration allows
  delivered_at INTEGER -- when the last delivery began
) STRICT;
CREATE INDEX inbox_undone ON inbox (state, heard_at) WHERE state IN ('pushed', 'waiting', 'delivering');
CREATE INDEX inbox_payloads ON inbox (state, number, bytes) WHERE bytes > 0;
CREATE INDEX inbox_age ON inbox (heard_at);
CREATE INDEX inbox_urgent ON inbox (heard_at, sender) WHERE urgent = 1;
CREATE INDEX inbox_reply_to ON inbox (reply_to) WHERE reply_to IS NOT NULL;
CREATE INDEX inbox_delivered ON inbox (delivered_at) WHERE delivered_at IS NOT NULL;

CREATE TABLE batches (id TEXT PRIMARY KEY, begun_at INTEGER NOT NULL) STRICT; -- of the last hour

CREATE TABLE outbox (
  number INTEGER PRIMARY KEY,
  key TEXT NOT NULL UNIQUE,
  target TEXT NOT NULL, -- JSON
  type TEXT NOT NULL,
  reply_to TEXT,
  thread TEXT, -- null: it begins one, whose name is its hub_id
  payload TEXT NOT NULL, -- JSON; empty once it is sent
  said TEXT, -- digest of its text in the room, where the hub keeps no key of ours; null elsewhere
  state TEXT NOT NULL, -- queued, sending, sent, rejected
  reason TEXT,
  hub_id TEXT,
  attempts INTEGER NOT NULL DEFAULT 0,
  origin_kind TEXT NOT NULL,
  origin_name TEXT NOT NULL,
  awaits_until INTEGER, -- until when whoever gave it awaits the reply; null: nobody does
  created_at INTEGER NOT NULL,
  sent_after INTEGER, -- a time of the hub's clock before it was first on its way
  sent_at INTEGER
) STRICT;
CREATE INDEX outbox_unsent ON outbox (state, number) WHERE state IN ('queued', 'sending');
CREATE INDEX outbox_age ON outbox (created_at);
CREATE INDEX outbox_awaits ON outbox (awaits_until) WHERE awaits_until IS NOT NULL;
CREATE INDEX outbox_reply_to ON outbox (reply_to) WHERE origin_kind = 'file';
CREATE INDEX outbox_said ON outbox (said) WHERE said IS NOT NULL;
CREATE INDEX outbox_hub_id ON outbox (hub_id) WHERE hub_id IS NOT NULL;

CREATE TABLE known ( -- one row
  heard_until REAL,
  room_seq INTEGER,
  room_sent_at REAL,
  channels TEXT NOT NULL DEFAULT '[]', -- that we have subscribed to, as JSON
  missed_from REAL, -- of the first message that was left out
  missed_until REAL, -- of the last one
  payload_bytes INTEGER NOT NULL DEFAULT 0 -- of all in the inbox
) STRICT;
INSERT INTO known DEFAULT VALUES;
CREATE TRIGGER inbox_grows AFTER INSERT ON inbox BEGIN
  UPDATE known SET payload_bytes = payload_bytes + NEW.bytes;
END;
CREATE TRIGGER inbox_changes AFTER UPDATE OF bytes ON inbox BEGIN
  UPDATE known SET payload_bytes = payload_bytes + NEW.bytes - OLD.bytes;
END;
CREATE TRIGGER inbox_shrinks AFTER DELETE ON inbox BEGIN
  UPDATE known SET payload_bytes = payload_bytes - OLD.bytes;
END;
`

/** A query by named parameters. Its rows are decoded. */
export const query = <Row extends Schema.ConstraintDecoder<unknown>>(
  database: DatabaseSync,
  row: Row,
  sql: string
) => {
  const statement = database.prepare(sql)
  const decode = Schema.decodeUnknownSync(Schema.Array(row))
  return (values: Record<string, SQLInputValue> = {}) => decode(statement.all(values))
}

/** A statement by named parameters that changes rows. */
export const change = (database: DatabaseSync, sql: string) => {
  const statement = database.prepare(sql)
  return (values: Record<string, SQLInputValue> = {}) => void statement.run(values)
}

/**
 * Makes the file where there is none, and keeps other users out. An existing one is not opened: closing it would free the locks that
 * another thread holds.
 */
export const prepareFile = (path: string): void => {
  try {
    closeSync(openSync(path, "ax", 0o600))
  } catch (cause) {
    if (codeOf(cause) !== "EEXIST") throw cause
    if (platform !== "windows" && (statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600)
  }
}

/** The lock stays for as long as it is open: without one the journal needs a file in shared memory, which a full disk refuses. */
const settings = `PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=FULL; PRAGMA journal_size_limit=${journal_bytes}`

/** The version of the tables; 0 if there are none. Throws a `newer` error if we do not know it. */
export const checkVersion = (database: DatabaseSync): number => {
  const [version] = query(database, Schema.Struct({ user_version: Schema.Int }), "PRAGMA user_version")()
  const found = version?.user_version ?? 0
  if (found <= schema_version) return found
  throw new DatabaseError({ kind: "newer", reason: "it was written by a newer agentcom-sidecar" })
}

/** Makes the tables in one transaction, so that a full disk leaves an empty file. */
const ensureTables = (database: DatabaseSync): void => {
  if (checkVersion(database) === 0) {
    database.exec(`BEGIN IMMEDIATE; ${tables} PRAGMA user_version=${schema_version}; COMMIT`)
  }
}

/** Opens the database at `path`, or `:memory:`, and makes what it lacks. Throws what `databaseError` understands. */
export const openDatabase = (path: string): DatabaseSync => {
  const database = new (loadSqlite()).DatabaseSync(path, { timeout: busy_wait_ms })
  try {
    database.exec(settings)
    ensureTables(database)
    return database
  } catch (cause) {
    database.close()
    throw cause
  }
}

/** From now on a change is written once, to a journal. It changes the file, so its tables must have been found to be ours. */
export const journalAhead = (database: DatabaseSync): void => database.exec("PRAGMA journal_mode=WAL")

/** Reads the whole file. Throws a `damaged` error if that makes no sense. */
export const checkWhole = (database: DatabaseSync): void => {
  const [check] = query(database, Schema.Struct({ quick_check: Schema.String }), "PRAGMA quick_check(1)")()
  if (check?.quick_check !== "ok") throw new DatabaseError({ kind: "damaged", reason: check?.quick_check ?? "" })
}
