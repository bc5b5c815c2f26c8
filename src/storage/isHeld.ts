import * as Effect from "effect/Effect"
import { access, constants } from "node:fs/promises"
import { fallbackOf, folderIdentity, hasNoLocks } from "./fallback.ts"
import { isLocked } from "./FileLock.ts"
import { isMissing, lockIn } from "./lockFiles.ts"
import { LockUnusable } from "./LockUnusable.ts"

const unknown = (path: string, reason: string) => new LockUnusable({ path, reason, foreign: false })

/** Whether there is such a lock file. */
const exists = (path: string): Effect.Effect<boolean, LockUnusable> =>
  Effect.tryPromise({ try: () => access(path, constants.R_OK), catch: (cause) => cause }).pipe(
    Effect.as(true),
    Effect.catch((cause) =>
      isMissing(cause)
        ? Effect.succeed(false)
        : Effect.fail(unknown(path, cause instanceof Error ? cause.message : String(cause)))
    )
  )

/** The file whose lock counts for the folder: the one in it, unless its file system has no locks. */
const lockOf = Effect.fnUntraced(function*(folder: string) {
  const fallback = yield* fallbackOf(yield* folderIdentity(folder))
  return (yield* exists(fallback)) && (yield* hasNoLocks(folder)) ? fallback : lockIn(folder)
})

/**
 * Whether a sidecar holds the folder, also one in another container. Only the lock itself is asked. Fails where the answer
 * cannot be known.
 */
export const isHeld = Effect.fnUntraced(function*(folder: string) {
  if (!(yield* exists(lockIn(folder)))) return false
  if (isLocked(lockIn(folder)) === false) return false
  const path = yield* lockOf(folder)
  const found = isLocked(path)
  return typeof found === "boolean" ? found : yield* unknown(path, found.reason)
})
