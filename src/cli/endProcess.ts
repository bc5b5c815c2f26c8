import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { Worker } from "node:worker_threads"
import { limits } from "../limits.ts"
import { lastWords } from "../text/lastWords.ts"

/** What threads of the process are at: files, and names that are looked up. `process.exit` waits for each of them. */
const atWork = /^(?:FSReq|FileHandleCloseReq|GetAddrInfoReq|GetNameInfoReq)/

const isHeldUp = (): boolean => process.getActiveResourcesInfo().some((resource) => atWork.test(resource))

const killing = `
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${limits.last_words_ms})
process.kill(process.pid, "SIGKILL")
`

/**
 * Ends the process at once: with the code, or by SIGKILL where it waits for a file or a name, as `process.exit` would wait with
 * it. What is left of the log is written first; should the same disk hold that up, another thread ends the process.
 */
export const endNow = (code: number): void => {
  if (!isHeldUp()) process.exit(code)
  void new Worker(killing, { eval: true })
  lastWords()
  process.kill(process.pid, "SIGKILL")
}

/** Ends the process within that time, whatever still waits in it; a forked fiber of its own, as the others may hang. */
export const endWithin = (within_ms: number, code: number): void => {
  Effect.runFork(Effect.andThen(Effect.sleep(within_ms), Effect.sync(() => endNow(code))))
}

/** Ends the process as soon as nothing holds it up, and within `limits.own_end_ms`. */
export const endProcess = (code: number): Effect.Effect<never> =>
  Effect.sync(isHeldUp).pipe(
    Effect.repeat({ schedule: Schedule.spaced(limits.end_poll_ms), while: (heldUp) => heldUp }),
    Effect.timeoutOption(limits.own_end_ms),
    Effect.andThen(Effect.sync(() => endNow(code))),
    Effect.andThen(Effect.never)
  )
