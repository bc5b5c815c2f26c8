import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Stats } from "node:fs"
import { lstat, open, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import writeFileAtomic from "write-file-atomic"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { platform } from "../platform.ts"

/** What went wrong with a file; `code` is the system's (`ENOENT` …), or empty. */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  path: Schema.String,
  code: Schema.String,
  reason: Schema.String
}) {}

export const codeOf = (cause: unknown): string => Predicate.hasProperty(cause, "code") ? String(cause.code) : ""

export const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** An operation on `path` as an effect. Once begun it runs to its end, even where the effect is interrupted. */
export const attempt = <A>(path: string, operation: () => Promise<A>): Effect.Effect<A, FileError> =>
  Effect.tryPromise({
    try: operation,
    catch: (cause) => new FileError({ path, code: codeOf(cause), reason: reasonOf(cause) })
  })

/** Whether there is nothing of that name, nor a folder that could hold it. */
export const isMissing = (error: FileError): boolean => error.code === "ENOENT" || error.code === "ENOTDIR"

/** Changes with every change of the file. */
export const versionOf = ({ ino, mtimeMs, size }: Stats): string => `${ino}:${size}:${mtimeMs}`

/** What there is, in words, where it is no regular file. */
export const kindOf = (stats: Stats): string => {
  if (stats.isSymbolicLink()) return "a symbolic link"
  if (stats.isDirectory()) return "a folder"
  return stats.isFIFO() ? "a named pipe" : "a special file"
}

type Log = (event: LifecycleEvent) => Effect.Effect<void>

/** Logs the trouble and goes on with `otherwise`, as no file but the state may stop the work. */
export const orElseLog = <A, B>(
  operation: Effect.Effect<A, FileError>,
  log: Log,
  otherwise: (error: FileError) => B
): Effect.Effect<A | B> =>
  Effect.catchTag(
    operation,
    "FileError",
    (error) => Effect.as(log({ event: "file_trouble", path: error.path, reason: error.reason }), otherwise(error))
  )

/** Some network file systems cannot sync a folder; there the rename itself has to do. */
const cannotSync = (cause: unknown): boolean => ["EINVAL", "ENOTSUP"].includes(codeOf(cause))

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, "r")
  try {
    await handle.sync()
  } catch (cause) {
    if (!cannotSync(cause)) throw cause
  } finally {
    await handle.close()
  }
}

/** Replaces the file whole or not at all, readable by its owner only; returns when it would survive a power failure. */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  // On a full disk write-file-atomic takes a short write for a whole one: it gets nothing to write, and this write fails
  // before the old file is replaced.
  await writeFileAtomic(path, "", { mode: 0o600, tmpfileCreated: (temporary) => writeFile(temporary, text) })
  if (platform !== "windows") await syncFolder(dirname(path))
}

/** Removes what a kill in the middle of `writeDurably` left beside the file: what has the name of its temporary files. */
export const removeTemporaries = (path: string): Effect.Effect<void, FileError> =>
  attempt(dirname(path), async () => {
    const [folder, prefix] = [dirname(path), `${basename(path)}.`]
    for (const name of await readdir(folder)) {
      const isOurs = name.startsWith(prefix) && /^\d{1,10}$/.test(name.slice(prefix.length))
      if (isOurs) await rm(join(folder, name), { force: true })
    }
  })

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, (cause: unknown) => {
    if (codeOf(cause) === "ENOENT") return false
    throw cause
  })

/** Moves `from` to the first `name(stamp)` from `first` on that is free, so that nothing is overwritten; returns that name. */
export const moveToFreeName = async (from: string, name: (stamp: number) => string, first: number): Promise<string> => {
  const target = name(first)
  if (await exists(target)) return moveToFreeName(from, name, first + 1)
  await rename(from, target)
  return target
}
