import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { exitCodes } from "../exitCodes.ts"
import { printable } from "../text/readable.ts"
import { sayAtTheEnd } from "../text/terminal.ts"
import { endProcess } from "./endProcess.ts"
import { inOneLine } from "./inOneLine.ts"
import { listenForStop } from "./stopRequest.ts"

/** Keeps the process alive while its effect runs. Signals are the command's own affair: it ends by `stopRequested`. */
const keepAlive = Runtime.makeRunMain(() => {})

const say = (cause: Cause.Cause<unknown>): number => {
  const error = Cause.squash(cause)
  const code = Runtime.getErrorExitCode(error)
  const message = error instanceof Error ? error.message : String(error)
  const told = code === exitCodes.unforeseen ? `agentcom-sidecar: unforeseen error: ${inOneLine(error)}` : message
  sayAtTheEnd(`${told.split("\n").map(printable).join("\n")}\n`)
  return code
}

/**
 * Runs a command, which listens for signals by itself, and exits with the code it ends with. Its failures become a sentence
 * each on standard error: the whole message of an error that has an exit code of its own, one line for any other.
 */
export const runToEnd = (command: Effect.Effect<number, unknown>): void => {
  const main = command.pipe(
    Effect.catchCause((cause) => Effect.sync(() => say(cause))),
    Effect.flatMap(endProcess)
  )
  keepAlive(main, { disableErrorReporting: true })
}

/** Runs a command that ends when it is asked to stop; `codeOf` says with what, where it does not by itself. */
export const runMain = (
  command: (stopRequested: Effect.Effect<string>) => Effect.Effect<number, unknown>,
  codeOf: (signal: string) => number = () => exitCodes.stopped
): void => runToEnd(Effect.flatMap(listenForStop(codeOf), command))
