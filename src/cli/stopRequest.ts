import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { isatty } from "node:tty"
import { exitCodes } from "../exitCodes.ts"
import { platform } from "../platform.ts"
import { endNow, endSoon } from "./endProcess.ts"

const signals = platform === "windows" ? ["SIGINT", "SIGTERM", "SIGBREAK"] : ["SIGINT", "SIGTERM"]

/** Whether it reads from a terminal or writes to one; nohup leaves none. */
const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor))

/** What a command ends with that was stopped before it knew what it was asked for. */
export const codeOfStop = (signal: string): number => signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated

/**
 * Listens from now on for what ends the process. The effect it gives succeeds with the name of the signal that asks to
 * stop, and dies of an exception nobody caught; then the process ends within `limits.shutdown_ms`, and at once with a
 * second signal. `codeOf` says what a signal makes it end with.
 */
export const listenForStop = (codeOf: (signal: string) => number): Effect.Effect<Effect.Effect<string>> =>
  Effect.sync(() => {
    const request = Deferred.makeUnsafe<string>()
    const settle = (code: number, outcome: Effect.Effect<string>): boolean => {
      const isFirst = Deferred.doneUnsafe(request, outcome)
      if (isFirst) endSoon(code)
      return isFirst
    }
    const stop = (reason: string): void => {
      if (!settle(codeOf(reason), Effect.succeed(reason))) endNow(codeOf(reason))
    }
    for (const signal of signals) process.on(signal, stop)
    // Node.js undoes what nohup has set, so that a terminal that closes would end whoever was told to outlive it.
    if (platform !== "windows") process.on("SIGHUP", (signal) => hasTerminal() && stop(signal))
    // pm2 asks so on Windows, which has no signals to send.
    process.on("message", (message) => message === "shutdown" && stop("shutdown message"))
    process.on("uncaughtException", (error) => settle(exitCodes.unforeseen, Effect.die(error)))
    return Deferred.await(request)
  })
