import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Stats } from "node:fs"
import { lstat, stat } from "node:fs/promises"
import { dirname } from "node:path"
import type { Logger } from "../services/Logger.ts"
import { StateNotOurs } from "../services/TaskStore.ts"
import { Unreadable } from "../services/Unreadable.ts"
import { attempt, FileError, kindOf, moveCorrupt } from "./files.ts"
import { orAbsent, withHome } from "./folders.ts"

const look_again_ms = 1_000 // while the sidecar waits for an end and cannot read the file that shows it
const unreadable_retry_ms = 500 // at a start, for a file that exists and cannot be read
const unreadable_wait_ms = 10_000

type Log = Logger["Service"]["log"]

/** Looks at files that may be unreadable for a while. The same reason is logged once, until a look succeeds. */
export const makeLooks = (log: Log) => {
  let logged: string | null = null
  const report = ({ path, reason }: FileError) =>
    Effect.suspend(() => {
      if (logged === reason) return Effect.void
      logged = reason
      return log({ event: "file_trouble", path, reason })
    })
  const once = <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A, FileError> =>
    look.pipe(
      Effect.tapError(report),
      Effect.tap(() =>
        Effect.sync(() => {
          logged = null
        })
      )
    )
  return {
    once,
    /** Looks again until that succeeds: a living agent must not seem gone because something cannot be read. */
    untilKnown: <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A> =>
      once(look).pipe(Effect.retry(Schedule.spaced(look_again_ms)), Effect.orDie)
  }
}

export type Looks = ReturnType<typeof makeLooks>

const ownerOf = (path: string): Effect.Effect<number | null> =>
  attempt(path, () => lstat(path)).pipe(Effect.map(({ uid }) => uid), Effect.orElseSucceed(() => null))

/** Fails with `Unreadable`, which names the owner of the file and this user. */
export const unreadable = Effect.fnUntraced(function*({ path, reason }: FileError) {
  const user = process.geteuid?.() ?? null // Windows has none
  return yield* new Unreadable({ path, reason, owner: user === null ? null : yield* ownerOf(path), user })
})

/** Its time begins with the first retry, and one more retry follows its end. Hence twice the spacing less. */
const whileUnreadable = Schedule.spaced(unreadable_retry_ms).pipe(
  Schedule.upTo({ duration: unreadable_wait_ms - 2 * unreadable_retry_ms })
)

/**
 * Reads at a start what must not count as missing if it cannot be read. Tries again every `unreadable_retry_ms`, and fails
 * after `unreadable_wait_ms`. The first error is logged.
 */
export const readAgain = <A>(read: Effect.Effect<A, FileError>, log: Log): Effect.Effect<A, Unreadable> =>
  read.pipe(
    Effect.catchTag("FileError", ({ path, reason }) =>
      Effect.andThen(
        Effect.andThen(log({ event: "file_trouble", path, reason }), Effect.sleep(unreadable_retry_ms)),
        Effect.retry(read, whileUnreadable)
      )),
    Effect.catchTag("FileError", ({ code, path, reason }) =>
      unreadable(new FileError({ path, code, reason: `${reason}, tried for ${unreadable_wait_ms / 1_000} s` })))
  )

/** What is at the path, or where a link there leads; null if there is nothing. Fails if the agent's folder, which holds it, is gone. */
export const statOf = (path: string): Effect.Effect<Stats | null, FileError> =>
  Effect.flatMap(
    attempt(path, () => lstat(path)).pipe(orAbsent(path, null), withHome(dirname(path))),
    (entry) => entry?.isSymbolicLink() === true ? attempt(path, () => stat(path)) : Effect.succeed(entry)
  )

/** Something that is no file has the name of ours. */
export const notAFile = (path: string, stats: Stats): StateNotOurs =>
  new StateNotOurs({ path, problem: `is ${kindOf(stats)}, not a file`, remedy: "move it away" })

export const writtenByNewer = (path: string): StateNotOurs =>
  new StateNotOurs({ path, problem: "was written by a newer agentcom-sidecar", remedy: "start that version again" })

/** Moves aside a file that was read at a start and makes no sense, with the files of its name that have one of the `endings`. */
export const setAside = Effect.fnUntraced(
  function*(path: string, reason: string, log: Log, endings: ReadonlyArray<string> = []) {
    const now = yield* Clock.currentTimeMillis
    const kept = yield* attempt(path, () => moveCorrupt(path, endings, now)).pipe(
      Effect.catch((error) =>
        unreadable(new FileError({ ...error, reason: `it is no state (${reason}), and stays: ${error.reason}` }))
      )
    )
    yield* log({ event: "state_set_aside", path: kept, reason })
  },
  Effect.uninterruptible
)
