import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { limits } from "../limits.ts"
import { FolderGone, FolderLost } from "../services/FolderLease.ts"
import { fallbackOf, folderIdentity, hasNoLocks } from "./fallback.ts"
import { lockFile } from "./FileLock.ts"
import { type Identity, identityOf, isSame, lockIn, prepare } from "./lockFiles.ts"
import { LockUnusable } from "./LockUnusable.ts"

/** The lock of a folder as we hold it. */
export interface HeldLock {
  readonly folder: string
  readonly path: string
  readonly file: Identity
  /** Which folder this is, where the lock is elsewhere and cannot tell that. */
  readonly of: Identity | null
  readonly release: () => void
}

/** By what a file is locked; a test plays a file system without locks by it. */
export type LockFile = typeof lockFile

/** Locks the file; null where another process has it, or has just put another in its place. */
const take = Effect.fnUntraced(function*(path: string, lock: LockFile) {
  const file = yield* prepare(path)
  const found = lock(path)
  if (found._tag === "Busy") return null
  if (found._tag === "Unlockable") {
    return yield* new LockUnusable({ path, reason: found.reason, foreign: found.foreign })
  }
  const still = yield* Effect.orElseSucceed(identityOf(path), () => null)
  if (still !== null && isSame(still, file)) return { file, release: found.release }
  found.release()
  return null
})

/** Locks the folder once; null where another process has it. */
export const takeOnce = (folder: string, lock: LockFile = lockFile): Effect.Effect<HeldLock | null, LockUnusable> =>
  Effect.map(take(lockIn(folder), lock), (taken) => taken && { folder, path: lockIn(folder), of: null, ...taken })

/** The lock of a folder whose file system has none. */
const takeElsewhere = Effect.fnUntraced(function*(folder: string, lock: LockFile) {
  const of = yield* folderIdentity(folder)
  const path = yield* fallbackOf(of)
  const taken = yield* take(path, lock)
  return taken && { folder, path, of, ...taken } satisfies HeldLock
})

/** Those who start at one moment get in each other's way: each tries again after a time of its own. */
const whileBusy = Schedule.spaced(limits.lock_retry_min_ms).pipe(
  Schedule.modifyDelay(() =>
    Effect.map(Random.nextIntBetween(limits.lock_retry_min_ms, limits.lock_retry_max_ms), Duration.millis)
  ),
  Schedule.upTo({ duration: limits.lock_wait_ms })
)

/** Locks the folder, or waits for a moment for who has it; null where they keep it. */
export const takeLock = Effect.fnUntraced(function*(folder: string, lock: LockFile = lockFile) {
  const inFolder = takeOnce(folder, lock)
  const first = yield* Effect.result(inFolder)
  if (Result.isSuccess(first) && first.success !== null) return first.success
  const again = (yield* hasNoLocks(folder, lock)) ? takeElsewhere(folder, lock) : inFolder
  return yield* Effect.repeat(again, { schedule: whileBusy, while: (held) => held === null })
})

/** Whether what we locked is still there. */
export const checkLock = Effect.fnUntraced(function*({ file, folder, of, path }: HeldLock) {
  const gone = ({ reason }: { readonly reason: string }) => new FolderGone({ folder, reason })
  const found = yield* Effect.mapError(identityOf(path), gone)
  // With the folder its lock is gone too, so who misses the lock looks for the folder.
  if (found === null || of !== null) {
    const there = yield* Effect.mapError(folderIdentity(folder), gone)
    if (of !== null && !isSame(there, of)) return yield* new FolderLost({ path: folder })
  }
  if (found === null || !isSame(found, file)) return yield* new FolderLost({ path })
})
