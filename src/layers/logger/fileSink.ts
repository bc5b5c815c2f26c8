import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  type Stats,
  writeSync
} from "node:fs"
import { dirname } from "node:path"
import { loggerLimits } from "./limits.ts"

/** `O_NONBLOCK`, so that a FIFO nobody reads is an error and not a wait; Windows knows neither. */
const appending = constants.O_RDWR | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0)

const open = (path: string): number => {
  mkdirSync(dirname(path), { recursive: true })
  return openSync(path, appending, 0o600)
}

/** Whether a crash or a full disk left the last line without its end. */
const isTorn = (fd: number, { size }: Stats): boolean => {
  const last = Buffer.alloc(1)
  return size > 0 && readSync(fd, last, 0, 1, size - 1) === 1 && last.toString() !== "\n"
}

/** Writes the line at the end of the file; returns the size of what is no endless device or pipe. */
const append = (fd: number, line: string): number => {
  const stats = fstatSync(fd)
  const bytes = Buffer.from(stats.isFile() && isTorn(fd, stats) ? `\n${line}` : line)
  if (writeSync(fd, bytes) < bytes.length) throw new Error("the disk is full")
  return stats.isFile() ? stats.size + bytes.length : 0
}

const openedFor = <A>(path: string, use: (fd: number) => A): A => {
  const fd = open(path)
  try {
    return use(fd)
  } finally {
    closeSync(fd)
  }
}

/**
 * Appends lines, each with one write, and throws where that fails. The file is opened for each line: one that was
 * removed, rotated or could not be opened is there again with the next. A full one becomes `.1`.
 */
export const fileSink = (path: string) => (line: string): void => {
  const size = openedFor(path, (fd) => append(fd, line))
  if (size >= loggerLimits.file_bytes) renameSync(path, `${path}.1`)
}
