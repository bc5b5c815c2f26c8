import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { isatty } from "node:tty"
import { exitCodes } from "../exitCodes.ts"
import { limits } from "../limits.ts"
import { platform } from "../platform.ts"
import { endNow, endWithin } from "./endProcess.ts"

const signals = platform === "windows" ? ["SIGINT", "SIGTERM", "SIGBREAK"] : ["SIGINT", "SIGTERM"]

/** Whether it reads from a terminal or writes to one; nohup leaves none. */
const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor))

/** What a command ends with that was stopped before it knew what it was asked for. */
export const codeOfStop = (signal: string): number => signal === "SIGINT" ? exitCodes.interrupted : exitCodes.terminated

/**
 * Listens from now on for what ends the process. The effect it gives succeeds with the name of the signal that asks to
 * stop, and dies of an exception nobody caught; then the process ends within `limits.shutdown_ms`, of an exception within
 * `limits.own_end_ms`, and at once with a second signal. `codeOf` says what a signal makes it end with.
 */
export const listenForStop = (codeOf: (signal: string) => number): Effect.Effect<Effect.Effect<string>> =>
  Effect.sync(() => {
    const request = Deferred.makeUnsafe<string>()
    const settle = (outcome: Effect.Effect<string>, within_ms: number, code: number): boolean => {
      const isFirst = Deferred.doneUnsafe(request, outcome)
      if (isFirst) endWithin(within_ms, code)
      return isFirst
    }
    const stop = (reason: string): void => {
      const code = codeOf(reason)
      if (!settle(Effect.succeed(reason), limits.shutdown_ms, code)) endNow(code)
    }
    for (const signal of signals) process.on(signal, stop)
    // Node.js undoes what nohup has set, so that a terminal that closes would end whoever was told to outlive it.
    if (platform !== "windows") process.on("SIGHUP", (signal) => hasTerminal() && stop(signal))
    // pm2 asks so on Windows, which has no signals to send.
    process.on("message", (message) => message === "shutdown" && stop("shutdown message"))
    process.on("uncaughtException", (error) => settle(Effect.die(error), limits.own_end_ms, exitCodes.unforeseen))
    return Deferred.await(request)
  })
