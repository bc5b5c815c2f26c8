import * as Effect from "effect/Effect"
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readSync, writeSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { open, rm } from "node:fs/promises"
import { isOneOf } from "../secrets/ownFiles.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing } from "../storage/files.ts"
import { wakerLimits } from "./limits.ts"

/** What a cut leaves of a log that is larger than `over_bytes`: its beginning and its end. */
interface Cut {
  readonly over_bytes: number
  readonly head_bytes: number
  readonly tail_bytes: number
}

/** Where a wake begins in the log is within the head, so that no cut moves it. */
const whileRunning: Cut = {
  over_bytes: wakerLimits.log_bytes,
  head_bytes: wakerLimits.log_head_bytes,
  tail_bytes: wakerLimits.log_tail_bytes
}

const beforeWake: Cut = {
  over_bytes: wakerLimits.earlier_log_bytes,
  head_bytes: 0,
  tail_bytes: wakerLimits.earlier_log_tail_bytes
}

const mark = Buffer.from("\n[... the sidecar has left out what stood here, as it was too much for this log ...]\n")

/** `O_NOFOLLOW`, as a link may lead to a file that is no log; `O_NONBLOCK`, so that a FIFO is no wait. Windows knows neither. */
const forCut = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const forReading = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

const forAppending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

const isForeign = (path: string, own: ReadonlyArray<string>): boolean => {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return file !== undefined && (!file.isFile() || isOneOf(file, own))
}

const writeAll = (fd: number, bytes: Buffer, position: number): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

/** Moves the end of the file to behind its head, with what is written meanwhile, and lets the file end there. */
const shorten = (fd: number, { head_bytes, tail_bytes }: Cut): void => {
  const begin = head_bytes + mark.length
  let moved = 0 // up to here what is to be kept has been copied
  let end = begin
  writeAll(fd, mark, head_bytes)
  for (let round = 0; round < wakerLimits.log_cut_rounds; round++) {
    const { size } = fstatSync(fd)
    if (size <= moved) break
    if (size - moved > tail_bytes) {
      moved = size - tail_bytes
      end = begin
    }
    const bytes = Buffer.alloc(size - moved)
    const length = readSync(fd, bytes, 0, bytes.length, moved)
    writeAll(fd, bytes.subarray(0, length), end)
    moved += length
    end += length
  }
  ftruncateSync(fd, end)
}

const cutAt = (path: string, cut: Cut): void => {
  const stats = lstatSync(path)
  if (!stats.isFile() || stats.size <= cut.over_bytes) return
  const fd = openSync(path, forCut)
  try {
    // Its writer may have emptied it in between.
    if (fstatSync(fd).size > cut.over_bytes) shorten(fd, cut)
  } finally {
    closeSync(fd)
  }
}

/**
 * Cuts the log in one go and in place: its writers append, and so go on behind the new end; a crash of ours in the middle
 * leaves the end where it was. What they write in the microseconds between the last look and the cut is lost.
 */
const cutLog = (path: string, cut: Cut): Effect.Effect<void, FileError> =>
  Effect.catchIf(attempt(path, async () => cutAt(path, cut)), isMissing, () => Effect.void)

/** Brings the log of a wake that runs, or may leave something running, within its limit. */
export const boundLog = (path: string): Effect.Effect<void, FileError> => cutLog(path, whileRunning)

/** Makes room in the log before a wake, so that what it prints begins within the head. */
export const makeRoom = (path: string): Effect.Effect<void, FileError> => cutLog(path, beforeWake)

/** Opens the log for a wake to append to. A link or one of our `own` files that an agent has put in its place is removed first. */
export const openLog = (path: string, own: ReadonlyArray<string>): Effect.Effect<FileHandle, FileError> =>
  attempt(path, async () => {
    if (isForeign(path, own)) await rm(path)
    return open(path, forAppending, 0o600)
  })

/**
 * The end of what stands in the log from `offset` on, or of all where it is shorter, as its writer has emptied it. Nothing
 * where a link or one of our `own` files is in its place.
 */
export const logEnd = (
  path: string,
  offset: number,
  bytes: number,
  own: ReadonlyArray<string>
): Effect.Effect<string, FileError> =>
  attempt(path, async () => {
    const fd = openSync(path, forReading) // in one go as well, so that no cut comes between
    try {
      if (isOneOf(fstatSync(fd, { bigint: true }), own)) return ""
      const { size } = fstatSync(fd)
      const start = Math.max(offset > size ? 0 : offset, size - bytes)
      const buffer = Buffer.alloc(size - start)
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start))
    } finally {
      closeSync(fd)
    }
  })
