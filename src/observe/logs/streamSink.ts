import * as Effect from "effect/Effect"
import type { Writable } from "node:stream"
import { type LineSink, unwritten } from "../../text/LineWriter.ts"

/** Writes lines to a stream whose writes never wait: a pipe or a socket. */
export const streamSink = (stream: Writable): LineSink => {
  let broken: Error | undefined
  // Without a listener the error of a closed pipe would end the process.
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
    writeNow: () => {} // what it has been given is on its way, and it takes no more
  }
}
