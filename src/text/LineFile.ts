import { closeSync, constants, fchmodSync, fstatSync, openSync, readSync, writeSync } from "node:fs"

/** `O_NONBLOCK`, so that a FIFO nobody reads is an error and not a wait; Windows knows neither. */
export const appending = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)

/** Only a part of the lines fitted on the disk. */
export class DiskFull extends Error {
  readonly code = "ENOSPC"
  constructor() {
    super("ENOSPC: the disk is full")
  }
}

/** An open file that grows by lines. What fails throws, and the file is then to be closed. */
export interface LineFile {
  /** Its size in bytes; 0 for what is no file but an endless device or a pipe. */
  readonly size: () => number
  /** The first bytes of what it holds. */
  readonly beginning: (bytes: number) => string
  /** Appends whole lines with one write; those survive the end of this process, however it comes. */
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
  // A crash or a full disk has left the last line without its end.
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

/** Opens the file, made where there is none, readable by its owner only. */
export const openLineFile = (path: string): LineFile => {
  const fd = openSync(path, appending, 0o600)
  try {
    return lineFile(fd)
  } catch (cause) {
    closeSync(fd)
    throw cause
  }
}
