import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { constants } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { lstat, open } from "node:fs/promises"
import { isOneOf } from "../../secrets/ownFiles.ts"
import { orAbsent } from "../../storage/absent.ts"
import type { FileError } from "../../storage/files.ts"
import { attempt, isMissing, kindOf, versionOf } from "../../storage/files.ts"

/** What says nothing of the file: we have no descriptor or memory left, or its disk does not answer. */
const outOfReach: ReadonlySet<string> = new Set(["EMFILE", "ENFILE", "ENOMEM", "EIO", "ESTALE", "ETIMEDOUT"])

/** Why a file's content is not to be had; `for_good` where waiting for its writer would not help. */
export interface Obstacle {
  readonly problem: string
  readonly for_good: boolean
}

/** What a file holds; `later` where it was not to be read yet. */
export type Content = Uint8Array | Obstacle | "later"

/** A file of whatever kind; `version` changes with every change of it, `modified_at` is in epoch milliseconds. */
export interface FileFound {
  readonly version: string
  readonly modified_at: number
  readonly content: Content
}

export const datedBy = (stats: Stats) => ({ version: versionOf(stats), modified_at: Math.trunc(stats.mtimeMs) })

/** No symbolic link may lead the daemon elsewhere and no named pipe keep it waiting; Windows has neither flag. */
const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const obstacleOf = (stats: Stats, limit: number): Obstacle | null => {
  if (!stats.isFile()) return { problem: `is ${kindOf(stats)}, not a regular file`, for_good: true }
  return stats.size > limit ? { problem: `is larger than ${limit} bytes`, for_good: true } : null
}

/** Reads at most as many bytes as the file had when it was opened; one that grows meanwhile is read again anyway. */
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

/** Null where it is one of our own files, which an agent has linked here to have it sent. */
const readContent = async (
  path: string,
  limit: number,
  own: ReadonlyArray<string>
): Promise<Uint8Array | Obstacle | null> => {
  // The lock of the folder would be dropped with the closing of any handle of it, so it is not even opened.
  if (isOneOf(await lstat(path, { bigint: true }), own)) return null
  const handle = await open(path, flags)
  try {
    if (isOneOf(await handle.stat({ bigint: true }), own)) return null
    const stats = await handle.stat()
    return obstacleOf(stats, limit) ?? await readBytes(handle, stats.size)
  } finally {
    await handle.close()
  }
}

/**
 * What there is at `path`, without following or waiting for anything; null where there is nothing, or a link to one of our
 * `own` files. `limit` in bytes; `mayRead` says whether it is to be read now.
 */
export const readRegular = (
  path: string,
  limit: number,
  own: ReadonlyArray<string>,
  mayRead: (stats: Stats) => Effect.Effect<boolean>
): Effect.Effect<FileFound | null, FileError> =>
  attempt(path, () => lstat(path)).pipe(
    Effect.flatMap((stats) => {
      const read = Effect.catchIf(
        attempt(path, (): Promise<Content | null> => readContent(path, limit, own)),
        (error) => !isMissing(error) && !outOfReach.has(error.code),
        ({ reason }) => Effect.succeed<Obstacle>({ problem: `cannot be read (${reason})`, for_good: false })
      )
      const obstacle = obstacleOf(stats, limit)
      const content = obstacle === null
        ? Effect.flatMap(mayRead(stats), (may) => may ? read : Effect.succeed("later" as const))
        : Effect.succeed(obstacle)
      return Effect.map(content, (found): FileFound | null => found && { ...datedBy(stats), content: found })
    }),
    orAbsent(path, null)
  )
