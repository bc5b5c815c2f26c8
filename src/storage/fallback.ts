import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import { rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { lockFile } from "./FileLock.ts"
import { type Identity, type Owned, prepare } from "./lockFiles.ts"
import { LockUnusable } from "./LockUnusable.ts"
import { runtimeFolder } from "./runtimeFolder.ts"

/** Which folder this is, its links followed. */
export const folderIdentity = (folder: string): Effect.Effect<Owned, LockUnusable> =>
  Effect.tryPromise({
    try: () => stat(folder, { bigint: true }),
    catch: (cause) =>
      new LockUnusable({ path: folder, reason: cause instanceof Error ? cause.message : String(cause), foreign: false })
  })

/** The lock of a folder on a file system without locks: a file elsewhere, named by the folder's device and inode. */
export const fallbackOf = ({ dev, ino }: Identity): Effect.Effect<string, LockUnusable> =>
  Effect.map(runtimeFolder, (folder) => join(folder, `agentcom-sidecar-${dev}-${ino}.lock`))

/** Whether the file system of the folder has no locks: nobody can hold a new file of a random name, and yet it cannot be locked. */
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
  ).pipe(Effect.orElseSucceed(() => false)) // where no file can be made, nothing is known of its locks
})
