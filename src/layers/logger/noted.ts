import { unfailing } from "../../lines/unfailing.ts"

type Sink = (line: string) => void

/** A sink that never throws: `note` is called when it stops to work, and when it works again. */
export const noted = (name: string, sink: Sink, note: Sink): Sink =>
  unfailing(sink, {
    stopped: (reason) => note(`${name} cannot be written, the work goes on without that log: ${reason}\n`),
    worksAgain: (lost) => note(`${name} can be written again; ${lost} lines of the log are missing there\n`)
  })
