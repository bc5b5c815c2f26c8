import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import type { BigIntStats } from "node:fs"
import { access, chmod, constants, lstat, open } from "node:fs/promises"
import type { DatabaseSync } from "node:sqlite"
import { exitCodes } from "../exitCodes.ts"
import { platform } from "../platform.ts"
import { codeOf, reasonOf } from "./files.ts"
import { loadSqlite, sqliteCodeOf, sqliteCodes } from "./sqlite.ts"

/** The lock file cannot be used. Another start may help, unless it is `foreign`: then it is not a lock of ours. */
export class LockUnusable extends Schema.TaggedError<LockUnusable>()("LockUnusable", {
  path: Schema.String,
  reason: Schema.String,
  foreign: Schema.Boolean
}) {
  override readonly [Runtime.errorExitCode] = this.foreign ? exitCodes.configuration : exitCodes.unreadable
  override get message(): string {
    const remedy = this.foreign ? "; move it away, as the sidecar locks its folder by a file of that name" : ""
    return `agentcom-sidecar: ${this.path} cannot be locked: ${this.reason}${remedy}`
  }
}

/** What the system said about the path, as an error that another start may not meet. */
export const unusable = (path: string, cause: unknown): LockUnusable =>
  new LockUnusable({ path, reason: reasonOf(cause), foreign: false })

/** A lock that this process holds until it is released, or until the process ends in any way. */
interface Locked {
  readonly _tag: "Locked"
  readonly release: () => void
}

/** Another process holds the lock, or nobody can hold one. */
type Refusal = { readonly _tag: "Busy" } | LockUnusable

/**
 * The write transaction locks the file and is never committed, so the file stays empty. On a read-only disk the `BEGIN`
 * alone succeeds without a lock. Only the write to `user_version` fails there.
 */
const exclusively = "PRAGMA journal_mode=MEMORY; PRAGMA locking_mode=EXCLUSIVE; BEGIN EXCLUSIVE; PRAGMA user_version=1"

/** The garbage collector would close a database that nothing refers to, and free its lock. */
const held = new Set<DatabaseSync>()

const refusalOf = (path: string, cause: unknown): Refusal => {
  const code = sqliteCodeOf(cause)
  if (code === sqliteCodes.busy) return { _tag: "Busy" }
  return new LockUnusable({ path, reason: reasonOf(cause), foreign: code === sqliteCodes.notADatabase })
}

/** Opens the file, runs `statement` on it and passes it to `use`. Closes it again if that fails. */
const openDatabase = <A>(
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
    return refusalOf(path, cause)
  }
}

/**
 * Locks the file, which must exist. POSIX frees the lock as soon as this process closes any handle of that file, so nothing
 * else in this process may open it.
 */
export const lockFile = (path: string): Locked | Refusal =>
  openDatabase(path, false, exclusively, (database): Locked => {
    held.add(database)
    return {
      _tag: "Locked",
      release: () => {
        held.delete(database)
        database.close()
      }
    }
  })

/** Whether another process holds the lock of the file. Asking takes a shared lock for an instant. */
export const isLocked = (path: string): boolean | LockUnusable => {
  const found = openDatabase(path, true, "PRAGMA schema_version", (database) => {
    database.close()
    return { _tag: "Free" } as const
  })
  return found._tag === "LockUnusable" ? found : found._tag === "Busy"
}

/** Tells a file or folder from another one of the same name. */
export interface Identity {
  readonly dev: bigint
  readonly ino: bigint
}

export const isSame = (one: Identity, other: Identity): boolean => one.dev === other.dev && one.ino === other.ino

/** The file or folder of this name, without following a link; null if there is none. */
export const identityOf = (path: string): Effect.Effect<Identity | null, LockUnusable> =>
  Effect.tryPromise({ try: () => lstat(path, { bigint: true }), catch: (cause) => cause }).pipe(
    Effect.catch((cause) => codeOf(cause) === "ENOENT" ? Effect.succeed(null) : Effect.fail(unusable(path, cause)))
  )

/** The owner of a file that we cannot use, if that is another user. */
const ownerText = ({ uid }: BigIntStats): string => {
  const ours = process.getuid?.()
  return ours === undefined || BigInt(ours) === uid
    ? ""
    : ` (it belongs to user ${uid}, and this is user ${ours}: start it as that user, or give the folder's files to this one with chown)`
}

/** Makes the file if it does not exist. Never opens an existing one, because closing that could free its lock. */
const create = async (path: string): Promise<void> => {
  const handle = await open(path, "ax", 0o600).catch((cause: unknown) => {
    if (codeOf(cause) === "EEXIST") return undefined
    throw cause
  })
  await handle?.close()
}

/** Makes the file ready to be locked, and returns its identity. */
export const prepare = (path: string): Effect.Effect<Identity, LockUnusable> => {
  let stats: BigIntStats | undefined
  return Effect.tryPromise({
    try: async () => {
      await create(path)
      stats = await lstat(path, { bigint: true })
      if (!stats.isFile()) throw new LockUnusable({ path, reason: "it is no regular file", foreign: true })
      // Others who can open the file could lock it and keep us out.
      if (platform !== "windows" && (Number(stats.mode) & 0o777) !== 0o600) await chmod(path, 0o600)
      await access(path, constants.R_OK | constants.W_OK)
      return stats
    },
    catch: (cause) =>
      cause instanceof LockUnusable
        ? cause
        : unusable(path, `${reasonOf(cause)}${stats === undefined ? "" : ownerText(stats)}`)
  })
}
