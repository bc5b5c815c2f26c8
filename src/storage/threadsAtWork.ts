const atWork = new Set<symbol>()

/** Notes that another thread works on a file, until the function that is returned is called. */
export const threadWorks = (): () => void => {
  const work = Symbol("work")
  atWork.add(work)
  return () => void atWork.delete(work)
}

/** Whether `process.exit` would wait for a thread: for ever, if its disk hangs. */
export const isThreadAtWork = (): boolean => atWork.size > 0
