import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { access, constants, lstat, mkdir, rm, stat } from "node:fs/promises"
import { tmpdir, userInfo } from "node:os"
import { join } from "node:path"
import { platform } from "../platform.ts"
import { FolderGone, FolderLost } from "../services/FolderLease.ts"
import {
  type Identity,
  identityOf,
  isLocked,
  isSame,
  lockFile,
  type LockUnusable,
  prepare,
  unusable
} from "./FileLock.ts"
import { codeOf } from "./files.ts"

export const lock_wait_ms = 5_000
const lock_retry_min_ms = 25
const lock_retry_max_ms = 100

/** Whether this is a folder that only this user can reach. On Windows the temporary folder belongs to the user. */
const isOurs = async (path: string): Promise<boolean> => {
  const stats = await lstat(path)
  if (!stats.isDirectory()) return false
  return platform === "windows" || (stats.uid === process.getuid?.() && (stats.mode & 0o077) === 0)
}

const findRuntimeFolder = async (given: string | undefined): Promise<string> => {
  if (given !== undefined && given !== "" && await isOurs(given).catch(() => false)) return given
  const path = join(tmpdir(), `agentcom-sidecar-${process.getuid?.() ?? userInfo().username}`)
  await mkdir(path, { mode: 0o700 }).catch(() => {}) // it exists already, or the next line says what is wrong
  if (await isOurs(path)) return path
  throw new Error("it is not a folder of this user with the mode 0700; remove it")
}

/** A folder of this user for what cannot be in the agent's folder: `$XDG_RUNTIME_DIR`, or one in the temporary folder. */
export const runtimeFolder: Effect.Effect<string, LockUnusable> = Effect.tryPromise({
  try: () => findRuntimeFolder(process.env["XDG_RUNTIME_DIR"]),
  catch: (cause) => unusable(tmpdir(), cause)
})

/** The identity and owner of a folder. Follows links. */
export const folderIdentity = (folder: string): Effect.Effect<Identity & { readonly uid: bigint }, LockUnusable> =>
  Effect.tryPromise({ try: () => stat(folder, { bigint: true }), catch: (cause) => unusable(folder, cause) })

const lockIn = (folder: string): string => join(folder, "lock")

/** The lock file for a folder whose file system has no locks. Its name has the folder's device and inode. */
const fallbackOf = ({ dev, ino }: Identity): Effect.Effect<string, LockUnusable> =>
  Effect.map(runtimeFolder, (folder) => join(folder, `agentcom-sidecar-${dev}-${ino}.lock`))

/** Whether the file system of the folder has no locks. Nobody holds a new file with a random name, so it should lock. */
export const hasNoLocks = Effect.fnUntraced(function*(folder: string, lock = lockFile) {
  const suffix = yield* Random.nextIntBetween(0, Number.MAX_SAFE_INTEGER)
  const path = join(folder, `lock.${suffix}`)
  return yield* Effect.acquireUseRelease(
    prepare(path),
    () =>
      Effect.sync(() => {
        const found = lock(path)
        if (found._tag !== "Locked") return true
        found.release()
        return false
      }),
    () => Effect.ignore(Effect.tryPromise(() => rm(path, { force: true })))
  ).pipe(Effect.orElseSucceed(() => false)) // without a new file nothing is known of the locks
})

/** The lock of a folder that this process holds. */
export interface HeldLock {
  readonly folder: string
  readonly path: string
  readonly file: Identity
  /** The identity of the folder if the lock is in another one; else null. */
  readonly of: Identity | null
  readonly release: () => void
}

/** How a file is locked. Tests replace it to imitate a file system without locks. */
export type LockFile = typeof lockFile

/** Locks the file. Null if another process holds it, or has just replaced it. */
const take = Effect.fnUntraced(function*(path: string, lock: LockFile) {
  const file = yield* prepare(path)
  const found = lock(path)
  if (found._tag === "Busy") return null
  if (found._tag === "LockUnusable") return yield* found
  const still = yield* Effect.orElseSucceed(identityOf(path), () => null)
  if (still !== null && isSame(still, file)) return { file, release: found.release }
  found.release()
  return null
})

/** Tries once to lock the folder. Null if another process holds it. */
export const takeOnce = (folder: string, lock: LockFile = lockFile): Effect.Effect<HeldLock | null, LockUnusable> =>
  Effect.map(take(lockIn(folder), lock), (taken) => taken && { folder, path: lockIn(folder), of: null, ...taken })

/** Tries once to lock a folder whose file system has no locks. */
const takeElsewhere = Effect.fnUntraced(function*(folder: string, lock: LockFile) {
  const of = yield* folderIdentity(folder)
  const path = yield* fallbackOf(of)
  const taken = yield* take(path, lock)
  return taken && { folder, path, of, ...taken } satisfies HeldLock
})

/** Processes that start together disturb each other, so each waits for a random time. */
const whileBusy = Schedule.spaced(lock_retry_min_ms).pipe(
  Schedule.modifyDelay(() => Effect.map(Random.nextIntBetween(lock_retry_min_ms, lock_retry_max_ms), Duration.millis)),
  Schedule.upTo({ duration: lock_wait_ms })
)

/** Locks the folder, and tries for `lock_wait_ms` if another process holds it. Null if that keeps it. */
export const takeLock = Effect.fnUntraced(function*(folder: string, lock: LockFile = lockFile) {
  const inFolder = takeOnce(folder, lock)
  const first = yield* Effect.result(inFolder)
  if (Result.isSuccess(first) && first.success !== null) return first.success
  const again = (yield* hasNoLocks(folder, lock)) ? takeElsewhere(folder, lock) : inFolder
  return yield* Effect.repeat(again, { schedule: whileBusy, while: (held) => held === null })
})

/** Checks that the file that we locked is still there. */
export const checkLock = Effect.fnUntraced(function*({ file, folder, of, path }: HeldLock) {
  const gone = ({ reason }: LockUnusable) => new FolderGone({ folder, reason })
  const found = yield* Effect.mapError(identityOf(path), gone)
  // The lock may be missing because the whole folder is.
  if (found === null || of !== null) {
    const there = yield* Effect.mapError(folderIdentity(folder), gone)
    if (of !== null && !isSame(there, of)) return yield* new FolderLost({ path: folder })
  }
  if (found === null || !isSame(found, file)) return yield* new FolderLost({ path })
})

const isReadable = (path: string): Effect.Effect<boolean, LockUnusable> =>
  Effect.tryPromise({ try: () => access(path, constants.R_OK), catch: (cause) => cause }).pipe(
    Effect.as(true),
    Effect.catch((cause) => codeOf(cause) === "ENOENT" ? Effect.succeed(false) : Effect.fail(unusable(path, cause)))
  )

/** The file whose lock counts for the folder: the one in it, unless its file system has no locks. */
const lockOf = Effect.fnUntraced(function*(folder: string) {
  const fallback = yield* fallbackOf(yield* folderIdentity(folder))
  return (yield* isReadable(fallback)) && (yield* hasNoLocks(folder)) ? fallback : lockIn(folder)
})

/** Whether a sidecar holds the folder, in any container. It asks only the lock itself. Fails if that is unknown. */
export const isHeld = Effect.fnUntraced(function*(folder: string) {
  if (!(yield* isReadable(lockIn(folder)))) return false
  if (isLocked(lockIn(folder)) === false) return false
  const path = yield* lockOf(folder)
  const found = isLocked(path)
  return typeof found === "boolean" ? found : yield* unusable(path, found.reason)
})
