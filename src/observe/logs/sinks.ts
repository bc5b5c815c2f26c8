import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { fstatSync, write, writeSync } from "node:fs"
import { type FileHandle, open, rename, truncate } from "node:fs/promises"
import { dirname } from "node:path"
import type { Writable } from "node:stream"
import { isatty } from "node:tty"
import { promisify } from "node:util"
import { platform } from "../../platform.ts"
import { codeOf } from "../../storage/files.ts"
import { makeFolder } from "../../storage/folders.ts"
import { appending, DiskFull, openLineFile } from "../../text/LineFile.ts"
import { type LineSink, unwritten } from "../../text/LineWriter.ts"
import { openTerminal } from "../../text/terminal.ts"

const terminal_retry_ms = 250 // until a terminal that takes nothing is tried again

const newline = 10

/** Whether a crash or a full disk left the last line incomplete. */
const isTorn = async (handle: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== newline
}

/** Appends with one write. Returns the size of the file after it in bytes, or 0 for a device or a pipe. */
const append = async (path: string, lines: string): Promise<number> => {
  const handle = await open(path, appending, 0o600)
  try {
    const stats = await handle.stat()
    const size = stats.isFile() ? stats.size : 0
    const bytes = Buffer.from(await isTorn(handle, size) ? `\n${lines}` : lines)
    const { bytesWritten } = await handle.write(bytes)
    if (bytesWritten < bytes.length) throw new DiskFull()
    return stats.isFile() ? size + bytes.length : 0
  } finally {
    await handle.close()
  }
}

/** Renames the file to `.1`, `.1` to `.2` and so on. The oldest is dropped. */
const rotate = async (path: string, files: number): Promise<void> => {
  const names = [path, ...Array.from({ length: files - 1 }, (_, index) => `${path}.${index + 1}`)]
  for (let index = names.length - 1; index > 0; index--) {
    await rename(names[index - 1] ?? path, names[index] ?? path).catch((cause: unknown) => {
      if (codeOf(cause) !== "ENOENT") throw cause
    })
  }
  if (files === 1) await truncate(path)
}

interface LogFile {
  readonly path: string
  readonly limit_bytes: number
  readonly files: number
  /** The agent's folder, which is never made again. */
  readonly home: string
}

/**
 * Appends lines to a file and rotates it when it has `limit_bytes`; at most `files` are kept. Each write opens the file, so a
 * file that was removed, rotated or could not be opened is there again with the next write.
 */
export const fileSink = ({ files, home, limit_bytes, path }: LogFile): LineSink => ({
  write: (lines) =>
    Effect.tryPromise({
      try: async () => {
        await makeFolder(home, dirname(path))
        if (await append(path, lines) >= limit_bytes) await rotate(path, files)
      },
      catch: unwritten
    }),
  writeNow: (lines) => {
    const file = openLineFile(path)
    try {
      file.append(lines)
    } finally {
      file.close()
    }
  }
})

/** Writes lines to a stream whose writes never wait: a pipe or a socket. */
export const streamSink = (stream: Writable): LineSink => {
  let broken: Error | undefined
  // Without a listener, the error of a closed pipe would end the process.
  stream.on("error", (error) => {
    broken = error
  })
  return {
    write: (lines) =>
      Effect.callback((resume) => {
        if (broken !== undefined) return resume(Effect.fail(unwritten(broken)))
        stream.write(lines, (error) => {
          resume(error === null || error === undefined ? Effect.void : Effect.fail(unwritten(broken ?? error)))
        })
      }),
    writeNow: () => {} // `write` has already handed everything over
  }
}

const writing = promisify(write)

const wouldWait = (cause: unknown): boolean => codeOf(cause) === "EAGAIN"

/** Writes to a descriptor, in another thread because a write may wait. A full one is tried again. */
const descriptorSink = (fd: number): LineSink => ({
  write: Effect.fnUntraced(function*(lines) {
    let left = Buffer.from(lines)
    const some = Effect.tryPromise(() => writing(fd, left)).pipe(
      Effect.retry({
        while: ({ cause }) => wouldWait(cause),
        schedule: Schedule.spaced(terminal_retry_ms)
      }),
      Effect.mapError(({ cause }) => unwritten(cause))
    )
    while (left.length > 0) left = left.subarray((yield* some).bytesWritten)
  }),
  writeNow: (lines) => void writeSync(fd, lines)
})

const isPipe = (fd: number): boolean => {
  const stats = fstatSync(fd)
  return stats.isFIFO() || stats.isSocket()
}

/**
 * Standard output or standard error, so that a slow reader never stops the daemon. Node.js blocks in a write to a terminal
 * or a file, so this writes to their descriptors itself. Node.js does not block on a pipe or socket, nor on Windows.
 */
export const standardSink = (fd: 1 | 2, stream: Writable): LineSink => {
  if (platform === "windows" || isPipe(fd)) return streamSink(stream)
  return descriptorSink(isatty(fd) ? openTerminal(fd) ?? fd : fd)
}
