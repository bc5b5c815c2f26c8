import type { Writable } from "node:stream"
import { loggerLimits } from "./limits.ts"

/**
 * Writes lines to a stream, and throws where that fails: it is closed, broken, or its reader has stopped reading. What
 * it reports later is thrown with the next line.
 */
export const streamSink = (stream: Writable) => {
  let broken: Error | undefined
  // Without a listener the error of a closed pipe would end the process.
  stream.on("error", (error) => {
    broken = error
  })
  return (line: string): void => {
    if (broken !== undefined) throw broken
    if (stream.writableLength > loggerLimits.stream_queue_bytes) throw new Error("nobody reads it")
    stream.write(line)
  }
}
