import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { constants } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { lstat, open, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import { isOneOf } from "../../secrets/ownFiles.ts"
import { attempt, type FileError, isMissing, kindOf, moveToFreeName, versionOf } from "../../storage/files.ts"
import { makeFolder, orAbsent } from "../../storage/folders.ts"
import type { Changed } from "./fileTimes.ts"

/** The files an agent writes for one task. */
interface ResultFiles {
  readonly started: string
  readonly progress: string
  readonly answer: string
}

export const resultFiles = (folder: string, work_id: string): ResultFiles => ({
  started: join(folder, `${work_id}.started`),
  progress: join(folder, `${work_id}.progress`),
  answer: join(folder, `${work_id}.json`)
})

/** Errors that say nothing about the file: we have no descriptor or memory left, or its disk does not answer. */
const diskOrMemory: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EIO", "ESTALE", "ETIMEDOUT"])

/** Why a file has no usable content; `for_good` if waiting for its writer would not help. */
export interface ContentProblem {
  readonly problem: string
  readonly for_good: boolean
}

/** What a file holds; `later` if it was not to be read yet. */
export type Content = Uint8Array | ContentProblem | "later"

/** A file of any kind. */
export interface FileFound extends Changed {
  readonly content: Content
}

const datedBy = (stats: Stats): Changed => ({ version: versionOf(stats), modified_at: Math.trunc(stats.mtimeMs) })

/** The file without its content; null if there is none. */
export const readSign = (path: string): Effect.Effect<Changed | null, FileError> =>
  attempt(path, () => lstat(path)).pipe(Effect.map(datedBy), orAbsent(path, null))

/** A symbolic link must not lead the daemon elsewhere, and a named pipe must not block it. Windows has neither flag. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const problemOf = (stats: Stats, limit: number): ContentProblem | null => {
  if (!stats.isFile()) return { problem: `is ${kindOf(stats)}, not a regular file`, for_good: true }
  return stats.size > limit ? { problem: `is larger than ${limit} bytes`, for_good: true } : null
}

/** Reads at most as many bytes as the file had when it was opened. A file that grows meanwhile will be read again anyway. */
const readBytes = async (handle: FileHandle, size: number): Promise<Uint8Array> => {
  const buffer = Buffer.alloc(size)
  let length = 0
  while (length < size) {
    const { bytesRead } = await handle.read(buffer, length, size - length, length)
    if (bytesRead === 0) break
    length += bytesRead
  }
  return buffer.subarray(0, length)
}

/** Null for one of our own files, which an agent has linked here to have it sent. */
const readContent = async (
  path: string,
  limit: number,
  own: ReadonlyArray<string>
): Promise<Uint8Array | ContentProblem | null> => {
  // Closing any handle of the folder's lock file would drop the lock, so one of our own files is not even opened.
  if (isOneOf(await lstat(path, { bigint: true }), own)) return null
  const handle = await open(path, flags)
  try {
    if (isOneOf(await handle.stat({ bigint: true }), own)) return null
    const stats = await handle.stat()
    return problemOf(stats, limit) ?? await readBytes(handle, stats.size)
  } finally {
    await handle.close()
  }
}

/**
 * The file at `path`, without following a link or waiting for a writer; null if there is none, or a hard link to one of our
 * `own` files. `limit` is in bytes; `mayRead` says whether the content is to be read now.
 */
export const readRegular = (
  path: string,
  limit: number,
  own: ReadonlyArray<string>,
  mayRead: (file: Changed & { readonly bytes: number }) => Effect.Effect<boolean>
): Effect.Effect<FileFound | null, FileError> =>
  attempt(path, () => lstat(path)).pipe(
    Effect.flatMap((stats) => {
      const date = datedBy(stats)
      const read = Effect.catchIf(
        attempt(path, (): Promise<Content | null> => readContent(path, limit, own)),
        (error) => !isMissing(error) && !diskOrMemory.has(error.code),
        ({ reason }) => Effect.succeed<ContentProblem>({ problem: `cannot be read (${reason})`, for_good: false })
      )
      const problem = problemOf(stats, limit)
      const content = problem === null
        ? Effect.flatMap(
          mayRead({ ...date, bytes: stats.size }),
          (may) => may ? read : Effect.succeed("later" as const)
        )
        : Effect.succeed(problem)
      return Effect.map(content, (found): FileFound | null => found && { ...date, content: found })
    }),
    orAbsent(path, null)
  )

/** Removes whatever is at `path`. An agent may have made a folder there. */
export const removePath = (path: string): Effect.Effect<void, FileError> =>
  attempt(path, () => rm(path, { force: true, recursive: true }))

/**
 * Moves one file into `folder` as `<work_id>.<stamp><extension>`; null if there is none to move. If the folder cannot take
 * it (a full disk, or another disk), it stays where it is under another name, so that nobody takes it for a new file.
 */
const moveInto = (home: string, folder: string, work_id: string, extension: string, stamp: number, from: string) =>
  attempt(from, async () => {
    await makeFolder(home, folder)
    return moveToFreeName(from, (free) => join(folder, `${work_id}.${free}${extension}`), stamp)
  }).pipe(
    Effect.catchIf(
      (error) => !isMissing(error),
      () => attempt(from, () => moveToFreeName(from, (free) => `${from}.${basename(folder)}-${free}`, stamp))
    ),
    Effect.catchIf(isMissing, () => Effect.succeed(null))
  )

/**
 * Moves the task's files into `folder`, except the answer if it is to stay, and overwrites nothing. Returns the new path of
 * the answer, or null if it was not moved.
 */
export const moveResults = Effect.fnUntraced(
  function*(home: string, folder: string, work_id: string, files: ResultFiles, answerStays: boolean) {
    const stamp = yield* Clock.currentTimeMillis
    yield* moveInto(home, folder, work_id, ".started", stamp, files.started)
    yield* moveInto(home, folder, work_id, ".progress", stamp, files.progress)
    return answerStays ? null : yield* moveInto(home, folder, work_id, ".json", stamp, files.answer)
  }
)
