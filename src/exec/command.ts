import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import { spawn } from "node:child_process"
import { constants } from "node:os"
import { platform } from "../platform.ts"
import {
  type ArgumentValues,
  carryProblem,
  execArgumentsProblem,
  fillWholeArguments,
  roomRemedy
} from "../process/arguments.ts"
import { sendSignal } from "../process/processes.ts"
import { type ProcessEntry, systemTable } from "../process/processTable.ts"
import { findProgram, programProblem } from "../process/programs.ts"
import { type ProcessEnd, processEnd } from "../process/spawn.ts"
import { killTree } from "../process/windowsProcesses.ts"
import { codeOf, reasonOf } from "../storage/files.ts"
import { execLimits } from "./limits.ts"

/** A command that may be run, with its standard input; or why it can never be. */
type Prepared =
  | { readonly _tag: "Ready"; readonly command: ReadonlyArray<string>; readonly input: string | null }
  | { readonly _tag: "Impossible"; readonly reason: string }

const impossible = (reason: string): Prepared => ({
  _tag: "Impossible",
  reason: `the command cannot be run: ${reason}`
})

/** Whether the command is given its work by an argument. The messages of a task are not the work. */
const readsWork = (command: ReadonlyArray<string>, { batch_id }: ArgumentValues): boolean => {
  const work = batch_id === undefined ? "{task_file}" : "{messages_file}"
  return command.some((argument) => ["{prompt}", "{prompt_file}", work].includes(argument))
}

/**
 * Puts the values into the command and checks that it can be run, with its program named from `folder`. A command that names no way to
 * the prompt reads it as its input.
 */
export const prepareCommand = (
  command: ReadonlyArray<string>,
  values: ArgumentValues,
  environment: Record<string, string>,
  folder: string
): Prepared => {
  const misuse = execArgumentsProblem(command)
  if (misuse !== undefined) return impossible(misuse)
  const found = findProgram(fillWholeArguments(command, values), environment, folder)
  if (found._tag === "Impossible") return impossible(found.reason)
  const problem = carryProblem(found.command, platform)
  if (problem !== undefined) return impossible(`it ${problem}: ${roomRemedy}`)
  return { _tag: "Ready", command: found.command, input: readsWork(command, values) ? null : values.prompt }
}

/** A sentence about a command that passed the checks and did not start. */
export const startProblem = (program: string, cause: unknown): string => {
  const code = codeOf(cause)
  if (code === "E2BIG" || code === "ENAMETOOLONG") {
    return `the arguments and the environment of ${program} are more than the system takes: ${roomRemedy}`
  }
  if (code === "ENOENT" || code === "EACCES") return programProblem(program, code)
  return `the program ${program} could not be started: ${reasonOf(cause)}`
}

export interface Child {
  readonly pid: number
  /** Waits for the end of the process, and then up to `drain_ms` for the end of its output. */
  readonly ended: Effect.Effect<ProcessEnd>
}

interface ChildOptions {
  readonly environment: Record<string, string>
  readonly input: string | null // for standard input; null leaves it empty
  readonly onOutput: (chunk: Uint8Array) => void
  readonly onErrors: (chunk: Uint8Array) => void
}

/** Runs the command in our own process group. Succeeds when it runs, and fails with the cause if it cannot. */
export const spawnChild = (
  [program = "", ...args]: ReadonlyArray<string>,
  { environment, input, onErrors, onOutput }: ChildOptions
): Effect.Effect<Child, unknown> =>
  Effect.callback<Child, unknown>((resume) => {
    const exited = Deferred.makeUnsafe<ProcessEnd>()
    const closed = Deferred.makeUnsafe<void>()
    try {
      const child = spawn(program, args, { env: environment, stdio: ["pipe", "pipe", "pipe"], windowsHide: true })
      child.stdin.on("error", () => {}) // the command need not read it
      child.stdout.on("data", onOutput)
      child.stderr.on("data", onErrors)
      child.once("error", (cause) => resume(Effect.fail(cause)))
      child.once("exit", (code, signal) => Deferred.doneUnsafe(exited, Effect.succeed(processEnd(code, signal))))
      child.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
      const ended = Deferred.await(exited).pipe(
        Effect.tap(() => Effect.timeoutOption(Deferred.await(closed), execLimits.drain_ms))
      )
      child.once("spawn", () => {
        child.stdin.end(input ?? "")
        resume(Effect.succeed({ pid: child.pid ?? 0, ended }))
      })
    } catch (cause) {
      resume(Effect.fail(cause))
    }
  }).pipe(Effect.uninterruptible)

const stopping: ReadonlyArray<NodeJS.Signals> = platform === "windows"
  ? ["SIGINT", "SIGTERM", "SIGBREAK"]
  : ["SIGINT", "SIGTERM", "SIGHUP"]

/** The signals that ask us to stop, from now on. None of them ends us any more. */
export const stopSignals: Effect.Effect<Queue.Queue<NodeJS.Signals>> = Effect.tap(
  Queue.sliding<NodeJS.Signals>(execLimits.signals),
  (queue) => Effect.sync(() => stopping.forEach((name) => process.on(name, () => Queue.offerUnsafe(queue, name))))
)

/** The exit code of a program that a signal has ended. */
export const exitCodeOf = (signal: NodeJS.Signals): number => 128 + constants.signals[signal]

const treeOf = (entries: ReadonlyArray<ProcessEntry>, pid: number): ReadonlyArray<number> => [
  pid,
  ...entries.filter(({ parent }) => parent === pid).flatMap((entry) => treeOf(entries, entry.pid))
]

/** Sends the signal to a process and all below it. On Windows, which has no signals, it ends them. */
export const passOn = (pid: number, signal: NodeJS.Signals): Effect.Effect<void> =>
  platform === "windows"
    ? killTree(pid)
    : systemTable.all(Infinity).pipe(
      Effect.map((entries) => treeOf(entries, pid)),
      Effect.orElseSucceed(() => [pid]),
      Effect.flatMap(Effect.forEach((member) => sendSignal(member, signal), { discard: true }))
    )
