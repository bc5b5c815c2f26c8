import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import { isatty } from "node:tty"
import { Worker } from "node:worker_threads"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { isThreadAtWork } from "../storage/threadsAtWork.ts"
import { lastWords } from "../text/LineWriter.ts"
import { printable, sayAtTheEnd } from "../text/terminal.ts"
import { inOneLine } from "./readable.ts"

/** For an end that nobody asked for. A busy machine must not lose the exit code. */
export const own_end_ms = 5_000
const end_poll_ms = 10 // between two checks for work that holds up the end
const last_words_ms = 50 // for the rest of the log in a forced end

/** Work in other threads, on files and on names to look up. `process.exit` waits for all of it. */
const threadWork = /^(?:FSReq|FileHandleCloseReq|GetAddrInfoReq|GetNameInfoReq)/

const isHeldUp = (): boolean =>
  isThreadAtWork() || process.getActiveResourcesInfo().some((resource) => threadWork.test(resource))

const killThisProcess = `
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ${last_words_ms})
process.kill(process.pid, "SIGKILL")
`

/**
 * Ends the process at once with the code. If a file or a name holds it up, it writes the rest of the log and ends by SIGKILL.
 * The same disk may hold up that write too, so another thread kills the process in any case.
 */
const endNow = (code: number): void => {
  if (!isHeldUp()) process.exit(code)
  void new Worker(killThisProcess, { eval: true })
  lastWords()
  process.kill(process.pid, "SIGKILL")
}

/** Ends the process after `within_ms` if it still runs then. The fiber has no parent, because other fibers may hang. */
export const endWithin = (within_ms: number, code: number): void => {
  Effect.runFork(Effect.andThen(Effect.sleep(within_ms), Effect.sync(() => endNow(code))))
}

/** Ends the process as soon as nothing holds it up, and at the latest after `own_end_ms`. */
const endProcess = (code: number): Effect.Effect<never> =>
  Effect.sync(isHeldUp).pipe(
    Effect.repeat({ schedule: Schedule.spaced(end_poll_ms), while: (heldUp) => heldUp }),
    Effect.timeoutOption(own_end_ms),
    Effect.andThen(Effect.sync(() => endNow(code))),
    Effect.andThen(Effect.never)
  )

const stopSignals = platform === "windows" ? ["SIGINT", "SIGTERM", "SIGBREAK"] : ["SIGINT", "SIGTERM"]

/** False under nohup. */
const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor))

/** The exit code of a command that was stopped before it knew the answer to its question. */
export const codeOfStop = (signal: string): number => signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated

/**
 * Listens for whatever ends the process. The resulting effect succeeds with the name of the first signal, and dies of an
 * uncaught exception. From then on the process has `shutdown_ms` to end, after an exception `own_end_ms`. A second signal
 * ends it at once. `codeOf` gives the exit code for a signal.
 */
const listenForStop = (codeOf: (signal: string) => number): Effect.Effect<Effect.Effect<string>> =>
  Effect.sync(() => {
    const request = Deferred.makeUnsafe<string>()
    const settle = (outcome: Effect.Effect<string>, within_ms: number, code: number): boolean => {
      const isFirst = Deferred.doneUnsafe(request, outcome)
      if (isFirst) endWithin(within_ms, code)
      return isFirst
    }
    const stop = (signal: string): void => {
      const code = codeOf(signal)
      if (!settle(Effect.succeed(signal), limits.shutdown_ms, code)) endNow(code)
    }
    for (const signal of stopSignals) process.on(signal, stop)
    // Node.js resets the SIGHUP that nohup ignores, so a process under nohup must ignore it here.
    if (platform !== "windows") process.on("SIGHUP", (signal) => hasTerminal() && stop(signal))
    // On Windows, which has no signals, pm2 sends this message instead.
    process.on("message", (message) => message === "shutdown" && stop("shutdown message"))
    process.on("uncaughtException", (error) => settle(Effect.die(error), own_end_ms, exitCodes.unforeseen))
    return Deferred.await(request)
  })

/** Keeps the process alive while the effect runs. It handles no signals, because commands do. */
const keepAlive = Runtime.makeRunMain(() => {})

/** Prints why a command failed, and gives its exit code. */
const report = (cause: Cause.Cause<unknown>): number => {
  const error = Cause.squash(cause)
  const code = Runtime.getErrorExitCode(error)
  const message = error instanceof Error ? error.message : String(error)
  const text = code === exitCodes.unforeseen ? `agentcom-sidecar: unforeseen error: ${inOneLine(error)}` : message
  sayAtTheEnd(`${text.split("\n").map(printable).join("\n")}\n`)
  return code
}

/**
 * Runs a command that handles signals itself, and exits with the code of its success. An error with an exit code of its own
 * is printed as its message; any other error is printed in one line, and the process exits with 1.
 */
export const runToEnd = (command: Effect.Effect<number, unknown>): void => {
  const main = command.pipe(
    Effect.catchCause((cause) => Effect.sync(() => report(cause))),
    Effect.flatMap(endProcess)
  )
  keepAlive(main, { disableErrorReporting: true })
}

const stopped = (_signal: string): number => exitCodes.stopped

/** Runs a command that must end when `stopRequested` succeeds. `codeOf` gives the exit code if it does not end in time. */
export const runMain = (
  command: (stopRequested: Effect.Effect<string>) => Effect.Effect<number, unknown>,
  codeOf: (signal: string) => number = stopped
): void => runToEnd(Effect.flatMap(listenForStop(codeOf), command))

/** Runs a command that the first signal interrupts. The process then exits with the code that `codeOf` gives. */
export const runUntilStopped = (command: Effect.Effect<number, unknown>, codeOf = stopped): void =>
  runMain((stopRequested) => Effect.raceFirst(command, Effect.map(stopRequested, codeOf)), codeOf)
