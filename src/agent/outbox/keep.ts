import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { lstat, opendir, readdir, rename, rm } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import type { JsonObject } from "../../domain/Work.ts"
import { attempt, type FileError, freeName, isMissing, versionOf, writeDurably } from "../../storage/files.ts"
import { makeFolder, orAbsent } from "../../storage/folders.ts"
import { outcomesIn, rejectedIn } from "../../storage/outboxFiles.ts"

const files_a_look = 1_000
const outcome_kept_ms = 24 * 60 * 60_000

/** The files of messages in the outbox, the oldest first. Names that begin with a dot are those of files in the making. */
export const filesIn = (outbox_dir: string): Effect.Effect<ReadonlyArray<string>, FileError> =>
  attempt(outbox_dir, async () => {
    const found: Array<{ readonly name: string; readonly changed_at: number }> = []
    for await (const { name } of await opendir(outbox_dir)) {
      if (!name.endsWith(".json") || name.startsWith(".")) continue
      const stats = await lstat(join(outbox_dir, name)).catch(() => null) // it has just been taken away
      if (stats !== null) found.push({ name, changed_at: stats.mtimeMs })
      if (found.length === files_a_look) break
    }
    return found.toSorted((a, b) => a.changed_at - b.changed_at || (a.name < b.name ? -1 : 1)).map(({ name }) => name)
  }).pipe(orAbsent(outbox_dir, []))

const isUnchanged = async (path: string, version: string): Promise<boolean> => versionOf(await lstat(path)) === version

/** Whether the file at `path` is still of this version. */
export const isStill = (path: string, version: string): Effect.Effect<boolean, FileError> =>
  attempt(path, () => isUnchanged(path, version)).pipe(Effect.catchIf(isMissing, () => Effect.succeed(false)))

/** Removes the file, unless another has its name by now. */
export const removeVersion = (path: string, version: string): Effect.Effect<void, FileError> =>
  attempt(path, async () => {
    if (await isUnchanged(path, version)) await rm(path)
  }).pipe(Effect.catchIf(isMissing, () => Effect.void))

/** Writes what nobody gets, and why, to a free name in `rejected/`. Nothing there is ever deleted. Returns the path. */
export const writeRejected = (home: string, outbox_dir: string, label: string, kept: JsonObject) =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const folder = rejectedIn(outbox_dir)
    return attempt(folder, async () => {
      await makeFolder(home, folder)
      const path = await freeName((stamp) => join(folder, `${label}.${stamp}.json`), now)
      await writeDurably(path, `${JSON.stringify(kept)}\n`)
      return path
    })
  })

/** Moves something that cannot be read beside its rejection, so that nobody looks at it again. */
export const moveBeside = (path: string, rejection: string): Effect.Effect<void, FileError> =>
  attempt(path, () => rename(path, join(dirname(rejection), basename(rejection, ".json"))))

/** Writes a file of `outcomes/`, whole. */
export const writeOutcome = (home: string, path: string, value: JsonObject): Effect.Effect<void, FileError> =>
  attempt(path, async () => {
    await makeFolder(home, dirname(path))
    await writeDurably(path, `${JSON.stringify(value)}\n`)
  })

/** Removes the outcomes that nobody reads any more. */
export const removeOldOutcomes = (outbox_dir: string): Effect.Effect<void, FileError> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const folder = outcomesIn(outbox_dir)
    return attempt(folder, async () => {
      for (const name of await readdir(folder)) {
        const path = join(folder, name)
        if (now - (await lstat(path)).mtimeMs > outcome_kept_ms) await rm(path, { recursive: true })
      }
    }).pipe(orAbsent(folder, undefined))
  })
