import * as Predicate from "effect/Predicate"
import { platform } from "../platform.ts"
import type { ArgumentValues } from "../process/arguments.ts"
import { execArgumentsProblem, fillWholeArguments, holds } from "../process/arguments.ts"
import { findProgram } from "../process/findProgram.ts"
import { programProblem } from "../process/missingProgram.ts"
import { carryProblem, roomRemedy } from "../process/room.ts"

/** A command that may be run, and what it is to read; or why it can never be. */
export type Prepared =
  | { readonly _tag: "Ready"; readonly command: ReadonlyArray<string>; readonly input: string | null }
  | { readonly _tag: "Impossible"; readonly reason: string }

const impossible = (reason: string): Prepared => ({
  _tag: "Impossible",
  reason: `the command cannot be run: ${reason}`
})

/** Puts the values into the command, and looks whether it can be run; the prompt is its input where it names no way to it. */
export const prepareCommand = (
  command: ReadonlyArray<string>,
  values: ArgumentValues,
  environment: Record<string, string>
): Prepared => {
  const misuse = execArgumentsProblem(command)
  if (misuse !== undefined) return impossible(misuse)
  const found = findProgram(fillWholeArguments(command, values), environment, process.cwd())
  if (found._tag === "Impossible") return impossible(found.reason)
  const problem = carryProblem(found.command, platform)
  if (problem !== undefined) return impossible(`it ${problem}: ${roomRemedy}`)
  const input = holds(command, "prompt", "prompt_file", "task_file") ? null : values.prompt
  return { _tag: "Ready", command: found.command, input }
}

/** Why a command that seemed to be there did not start, as a sentence. */
export const startProblem = (program: string, cause: unknown): string => {
  const code = Predicate.hasProperty(cause, "code") ? cause.code : ""
  if (code === "E2BIG" || code === "ENAMETOOLONG") {
    return `the arguments and the environment of ${program} are more than the system takes: ${roomRemedy}`
  }
  if (code === "ENOENT" || code === "EACCES") return programProblem(program, code)
  return `the program ${program} could not be started: ${cause instanceof Error ? cause.message : String(cause)}`
}
