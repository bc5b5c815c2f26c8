import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { lstat } from "node:fs/promises"
import { limits } from "../limits.ts"
import type { Logger } from "../services/Logger.ts"
import { Unreadable } from "../services/Unreadable.ts"
import { attempt, FileError } from "./files.ts"

const ownerOf = (path: string): Effect.Effect<number | null> =>
  attempt(path, () => lstat(path)).pipe(Effect.map(({ uid }) => uid), Effect.orElseSucceed(() => null))

/** The end of whoever has tried for long enough: whose the file is, and who we are. */
export const unreadable = Effect.fnUntraced(function*({ path, reason }: FileError) {
  const user = process.geteuid?.() ?? null // Windows has none
  return yield* new Unreadable({ path, reason, owner: user === null ? null : yield* ownerOf(path), user })
})

/** After the first retry, of which the time begins to count; a retry at the very end of it has another behind it. */
const again = Schedule.spaced(limits.unreadable_retry_ms).pipe(
  Schedule.upTo({ duration: limits.unreadable_wait_ms - 2 * limits.unreadable_retry_ms })
)

/**
 * Reads what must not be taken for missing where it cannot be read: again every `unreadable_retry_ms`, and after
 * `unreadable_wait_ms` it fails. The first trouble is logged.
 */
export const readAgain = <A>(
  read: Effect.Effect<A, FileError>,
  log: Logger["Service"]["log"]
): Effect.Effect<A, Unreadable> =>
  read.pipe(
    Effect.catchTag("FileError", ({ path, reason }) =>
      Effect.andThen(
        Effect.andThen(log({ event: "file_trouble", path, reason }), Effect.sleep(limits.unreadable_retry_ms)),
        Effect.retry(read, again)
      )),
    Effect.catchTag("FileError", ({ code, path, reason }) =>
      unreadable(new FileError({ path, code, reason: `${reason}, tried for ${limits.unreadable_wait_ms / 1_000} s` })))
  )
