import * as Effect from "effect/Effect"
import { type FileHandle, open, rename, truncate } from "node:fs/promises"
import { dirname } from "node:path"
import { codeOf } from "../../storage/files.ts"
import { makeFolder } from "../../storage/makeFolder.ts"
import { appending, DiskFull, openLineFile } from "../../text/LineFile.ts"
import { type LineSink, unwritten } from "../../text/LineWriter.ts"

const newline = 10

/** A crash or a full disk has left the last line without its end. */
const isTorn = async (handle: FileHandle, size: number): Promise<boolean> => {
  if (size === 0) return false
  const { buffer } = await handle.read(Buffer.alloc(1), 0, 1, size - 1)
  return buffer[0] !== newline
}

/** Appends with one write; the size of the file after it, or 0 for what is no file but an endless device or a pipe. */
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

/** Makes room: what is `.1` becomes `.2` and so on, and the oldest goes. */
const rotate = async (path: string, files: number): Promise<void> => {
  const names = [path, ...Array.from({ length: files - 1 }, (_, index) => `${path}.${index + 1}`)]
  for (let index = names.length - 1; index > 0; index--) {
    await rename(names[index - 1] ?? path, names[index] ?? path).catch((cause: unknown) => {
      if (codeOf(cause) !== "ENOENT") throw cause
    })
  }
  if (files === 1) await truncate(path)
}

export interface LogFile {
  readonly path: string
  readonly limit_bytes: number
  readonly files: number
  /** The agent's folder, which no log makes again. */
  readonly home: string
}

/**
 * Appends lines to a file, which is opened for each write: one that was removed, rotated or could not be opened is there
 * again with the next. A full one becomes `.1`, and of all there are at most `files`.
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
