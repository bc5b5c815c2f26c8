import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { lstat } from "node:fs/promises"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import type { Logger } from "../services/Logger.ts"
import { attempt, type FileError } from "./files.ts"

/** What is there and could not be read, however often that was tried: nobody knows what it says. */
export class Unreadable extends Schema.TaggedError<Unreadable>()("Unreadable", {
  path: Schema.String,
  reason: Schema.String,
  owner: Schema.NullOr(Schema.Int), // null where the system does not say
  user: Schema.NullOr(Schema.Int)
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unreadable
  override get message(): string {
    const { owner, path, reason, user } = this
    const whose = owner === null ? "" : `; it belongs to user ${owner}, and the sidecar runs as user ${user}`
    return `agentcom-sidecar: ${path} could not be read for ${
      limits.unreadable_wait_ms / 1_000
    } s: ${reason}${whose}; ` +
      "nothing was changed and no agent was woken or stopped: make it readable, and the next start goes on from there"
  }
}

const ownerOf = (path: string): Effect.Effect<number | null> =>
  attempt(path, () => lstat(path)).pipe(Effect.map(({ uid }) => uid), Effect.orElseSucceed(() => null))

/** The end of whoever has tried for long enough. */
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
    Effect.catchTag("FileError", unreadable)
  )
