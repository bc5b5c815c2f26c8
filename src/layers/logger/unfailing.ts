type Sink = (line: string) => void

/** A sink that never throws: `note` is called when it stops to work, and when it works again. */
export const unfailing = (name: string, sink: Sink, note: Sink): Sink => {
  let lost = 0
  return (line) => {
    try {
      sink(line)
      if (lost > 0) note(`${name} can be written again; ${lost} lines of the log are missing there\n`)
      lost = 0
    } catch (cause) {
      if (lost === 0) {
        const reason = cause instanceof Error ? cause.message : String(cause)
        note(`${name} cannot be written, the work goes on without that log: ${reason}\n`)
      }
      lost += 1
    }
  }
}
