import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { Stats } from "node:fs"
import { lstat, open, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import writeFileAtomic from "write-file-atomic"
import { platform } from "../platform.ts"
import type { Logger } from "../services/Logger.ts"

/** An operation on a file failed. `code` is the system's (`ENOENT` …), or empty. */
export class FileError extends Schema.TaggedError<FileError>()("FileError", {
  path: Schema.String,
  code: Schema.String,
  reason: Schema.String
}) {}

/** The system's code of an error (`ENOENT` …), or an empty text. */
export const codeOf = (cause: unknown): string => Predicate.hasProperty(cause, "code") ? String(cause.code) : ""

export const reasonOf = (cause: unknown): string => cause instanceof Error ? cause.message : String(cause)

/** An operation on `path` as an effect. Once begun it runs to its end, even if the effect is interrupted. */
export const attempt = <A>(path: string, operation: () => Promise<A>): Effect.Effect<A, FileError> =>
  Effect.tryPromise({
    try: operation,
    catch: (cause) => new FileError({ path, code: codeOf(cause), reason: reasonOf(cause) })
  })

/** Whether the file, or the folder that could hold it, does not exist. */
export const isMissing = (error: FileError): boolean => error.code === "ENOENT" || error.code === "ENOTDIR"

/** A text that changes with every change of the file. */
export const versionOf = ({ ino, mtimeMs, size }: Stats): string => `${ino}:${size}:${mtimeMs}`

/** What an entry is, in words, if it is not a regular file. */
export const kindOf = (stats: Stats): string => {
  if (stats.isSymbolicLink()) return "a symbolic link"
  if (stats.isDirectory()) return "a folder"
  return stats.isFIFO() ? "a named pipe" : "a special file"
}

/** Logs an error and goes on with `otherwise`: no file except the state may stop the work. */
export const orElseLog = <A, B>(
  operation: Effect.Effect<A, FileError>,
  log: Logger["Service"]["log"],
  otherwise: (error: FileError) => B
): Effect.Effect<A | B> =>
  Effect.catchTag(
    operation,
    "FileError",
    (error) => Effect.as(log({ event: "file_trouble", path: error.path, reason: error.reason }), otherwise(error))
  )

/** Some network file systems cannot sync a folder. There the rename alone has to do. */
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

/** Replaces the whole file or nothing, readable by its owner only. Returns when it would survive a power failure. */
export const writeDurably = async (path: string, text: string): Promise<void> => {
  // On a full disk write-file-atomic does not notice a short write. So it writes nothing, and this write fails before the
  // old file is replaced.
  await writeFileAtomic(path, "", { mode: 0o600, tmpfileCreated: (temporary) => writeFile(temporary, text) })
  if (platform !== "windows") await syncFolder(dirname(path))
}

/** Removes the temporary files that a kill during `writeDurably` left beside the file. */
export const removeTemporaries = (path: string): Effect.Effect<void, FileError> =>
  attempt(dirname(path), async () => {
    const [folder, prefix] = [dirname(path), `${basename(path)}.`]
    for (const name of await readdir(folder)) {
      const isOurs = name.startsWith(prefix) && /^\d{1,10}$/.test(name.slice(prefix.length))
      if (isOurs) await rm(join(folder, name), { force: true })
    }
  })

/** Whether an entry has this name, without following a link. Rejects if that is unknown. */
export const exists = (path: string): Promise<boolean> =>
  lstat(path).then(() => true, (cause: unknown) => {
    if (codeOf(cause) === "ENOENT") return false
    throw cause
  })

/** The first of `name(first)`, `name(first + 1)` … that no entry has. */
export const freeName = async (name: (stamp: number) => string, first: number): Promise<string> => {
  const target = name(first)
  return await exists(target) ? freeName(name, first + 1) : target
}

/** Moves `from` to the first free name of `name(first)`, `name(first + 1)` … and returns that. Nothing is overwritten. */
export const moveToFreeName = async (from: string, name: (stamp: number) => string, first: number): Promise<string> => {
  const target = await freeName(name, first)
  await rename(from, target)
  return target
}

const renameIfThere = (from: string, to: string): Promise<void> =>
  rename(from, to).catch((cause: unknown) => {
    if (codeOf(cause) !== "ENOENT") throw cause
  })

/**
 * Moves a file that makes no sense to `PATH.corrupt-TIME`, and returns that. The files of its name with one of the `endings` go
 * before it: what is left of them would be taken for part of a new file.
 */
export const moveCorrupt = async (path: string, endings: ReadonlyArray<string>, now: number): Promise<string> => {
  const target = await freeName((stamp) => `${path}.corrupt-${stamp}`, now)
  for (const ending of endings) await renameIfThere(`${path}${ending}`, `${target}${ending}`)
  await rename(path, target)
  return target
}
