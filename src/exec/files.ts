import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { lstat, open } from "node:fs/promises"
import { dirname } from "node:path"
import { limits } from "../limits.ts"
import { attempt, isMissing, writeDurably } from "../storage/files.ts"
import { makeOne } from "../storage/makeFolder.ts"
import { execLimits } from "./limits.ts"

/** Says something where the sidecar looks for what the wake command printed. */
export const say = (sentence: string): Effect.Effect<void> =>
  Effect.sync(() => void process.stderr.write(`agentcom-sidecar exec: ${sentence}\n`))

export const isThere = (path: string) =>
  attempt(path, () => lstat(path)).pipe(Effect.as(true), Effect.catchIf(isMissing, () => Effect.succeed(false)))

const place = (path: string, write: () => Promise<void>) =>
  attempt(path, async () => {
    await makeOne(dirname(path))
    await write()
  })

/** Confirms the wake. Without it the command is stopped for want of a confirmation, so the trouble is only told. */
export const confirm = (path: string): Effect.Effect<void> =>
  place(path, async () => (await open(path, "a", 0o600)).close()).pipe(
    Effect.catch(({ reason }) => say(`the confirmation cannot be written: ${reason}`))
  )

/** Tells of progress; the next line comes soon. */
export const tellProgress = (path: string, line: string): Effect.Effect<void> =>
  Effect.ignore(place(path, () => writeDurably(path, JSON.stringify({ message: line }))))

/** Puts the answer in its place, whole and to stay, and tries again for as long as a disk may take to be mended. */
export const handIn = (path: string, text: string) =>
  place(path, () => writeDurably(path, text)).pipe(
    Effect.tapError(({ reason }) => say(`the answer cannot be written: ${reason}`)),
    Effect.retry({ schedule: Schedule.spaced(limits.disk_retry_ms), times: execLimits.write_retries })
  )
