import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { fstatSync, write, writeSync } from "node:fs"
import type { Writable } from "node:stream"
import { isatty } from "node:tty"
import { promisify } from "node:util"
import { platform } from "../../platform.ts"
import { codeOf } from "../../storage/files.ts"
import { type LineSink, unwritten } from "../../text/LineWriter.ts"
import { openTerminal } from "../../text/terminal.ts"
import { loggerLimits } from "./limits.ts"
import { streamSink } from "./streamSink.ts"

const writing = promisify(write)

const wouldWait = (cause: unknown): boolean => codeOf(cause) === "EAGAIN"

/** Writes to a descriptor, in a thread of its own where a write may wait; what is full is tried again. */
const descriptorSink = (fd: number): LineSink => ({
  write: Effect.fnUntraced(function*(lines) {
    let left = Buffer.from(lines)
    const some = Effect.tryPromise(() => writing(fd, left)).pipe(
      Effect.retry({
        while: ({ cause }) => wouldWait(cause),
        schedule: Schedule.spaced(loggerLimits.terminal_retry_ms)
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
 * Standard output or error, so that no reader of it can stop the daemon. Node writes to a terminal and to a file before it
 * goes on, so these are written here by hand; to a pipe or a socket it does not, and on Windows to no terminal.
 */
export const standardSink = (fd: 1 | 2, stream: Writable): LineSink => {
  if (platform === "windows" || isPipe(fd)) return streamSink(stream)
  return descriptorSink(isatty(fd) ? openTerminal(fd) ?? fd : fd)
}
