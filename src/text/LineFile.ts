import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from "node:fs"

/** With `O_NONBLOCK`, a FIFO that nobody reads is an error instead of a wait. Windows does not have the flag. */
export const appending = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)

/** Only a part of the lines fitted on the disk. */
export class DiskFull extends Error {
  readonly code = "ENOSPC"
  constructor() {
    super("ENOSPC: the disk is full")
  }
}

/** An open file that grows by lines. Its functions throw; after that, close it. */
export interface LineFile {
  /** Its size in bytes; 0 for a device or a pipe. */
  readonly size: () => number
  /** Its first `bytes` bytes. */
  readonly beginning: (bytes: number) => string
  /** Appends whole lines with one write. They survive any end of this process. */
  readonly append: (lines: string) => void
  /** Makes it readable by its owner only. */
  readonly hide: () => void
  readonly close: () => void
}

const read = (fd: number, position: number, bytes: number): string => {
  const buffer = Buffer.alloc(bytes)
  return buffer.subarray(0, readSync(fd, buffer, 0, bytes, position)).toString()
}

const lineFile = (fd: number): LineFile => {
  const stats = fstatSync(fd)
  const isFile = stats.isFile()
  let size = isFile ? stats.size : 0
  // A crash or a full disk left the last line incomplete.
  let isTorn = size > 0 && read(fd, size - 1, 1) !== "\n"
  return {
    size: () => size,
    beginning: (bytes) => size > 0 ? read(fd, 0, bytes) : "",
    append: (lines) => {
      const bytes = Buffer.from(isTorn ? `\n${lines}` : lines)
      if (writeSync(fd, bytes) < bytes.length) throw new DiskFull()
      isTorn = false
      if (isFile) size += bytes.length
    },
    hide: () => isFile && fchmodSync(fd, 0o600),
    close: () => closeSync(fd)
  }
}

/** Opens the file for appending. If it does not exist, makes it readable by its owner only. Throws if that fails. */
export const openLineFile = (path: string): LineFile => {
  const fd = openSync(path, appending, 0o600)
  try {
    return lineFile(fd)
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}
