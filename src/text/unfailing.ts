/** What is told of a sink: that it has stopped to work, and that it works again after so many items were lost. */
export interface Ears {
  readonly stopped: (reason: string) => void
  readonly worksAgain: (lost: number) => void
}

/** A sink that never throws. It is tried again with every item, and is told how many were lost before it. */
export const unfailing = <A>(sink: (item: A, lost: number) => void, { stopped, worksAgain }: Ears) => {
  let lost = 0
  return (item: A): void => {
    try {
      sink(item, lost)
      if (lost > 0) worksAgain(lost)
      lost = 0
    } catch (cause) {
      if (lost === 0) stopped(cause instanceof Error ? cause.message : String(cause))
      lost += 1
    }
  }
}
