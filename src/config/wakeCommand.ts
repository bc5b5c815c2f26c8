import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { WakeCommand } from "../process/arguments.ts"
import { commandVariables, wakeArgumentsProblem } from "../process/arguments.ts"
import { quotingProblem, wordProblem } from "./commandWords.ts"
import { configLimits } from "./limits.ts"

const defaultWakeCommand: WakeCommand = [
  ...["openclaw", "agent", "--agent", "main"],
  ...["--session-key", "agentcom-${TASK_ID}"],
  ...["--message-file", "${TASK_PROMPT_FILE}"],
  ...["--timeout", "86400", "--json"]
]

const isWakeCommand = (value: unknown): value is WakeCommand =>
  Predicate.isString(value) || (Array.isArray(value) && value.every(Predicate.isString))

/** The first `${NAME}` of a line for cmd.exe that stands for nothing. */
const foreignVariable = (command: string): string | undefined =>
  [...command.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name).find((name) => !commandVariables.has(name))

const lineProblemOnWindows = (command: string): string | undefined => {
  if (/[\r\n]/.test(command)) return "must be one line on Windows"
  // cmd.exe expands a variable before it splits the line, so text from a task could run there.
  if (/TASK_(?:JSON|DESCRIPTION)/i.test(command)) {
    return "must not use TASK_JSON or TASK_DESCRIPTION on Windows: use ${TASK_FILE}, the file that holds the task"
  }
  const name = foreignVariable(command)
  const known = [...commandVariables.keys()].map((variable) => `\${${variable}}`).join(", ")
  return name === undefined ? undefined : `must not use \${${name}} on Windows: it may use ${known}`
}

const lineProblem = (command: string, windows: boolean): string | undefined => {
  if (command.trim() === "") return "must not be empty"
  return windows ? lineProblemOnWindows(command) : quotingProblem(command)
}

const listProblem = (command: ReadonlyArray<string>): string | undefined => {
  const [program = ""] = command
  if (program.trim() === "" || program.startsWith("-")) return "must begin with the name of a program"
  return command.length > configLimits.wake_command_arguments
    ? `must be at most ${configLimits.wake_command_arguments} arguments`
    : wakeArgumentsProblem(command)
}

const commandProblem = (value: WakeCommand, windows: boolean): string | undefined => {
  const texts = typeof value === "string" ? [value] : value
  if (texts.some((text) => text.includes("\0"))) return "must not hold a NUL character"
  if (texts.reduce((sum, text) => sum + text.length, 0) > configLimits.wake_command_chars) {
    return `must be at most ${configLimits.wake_command_chars} characters`
  }
  return (typeof value === "string" ? lineProblem(value, windows) : listProblem(value)) ?? wordProblem(value)
}

/** `wake_command` in `config.json`: what wakes the agent, by default OpenClaw. */
export const wakeCommand = (windows: boolean) =>
  Schema.declare(isWakeCommand, { message: "must be text in double quotes, or a list in [ ] of such texts" }).check(
    Schema.makeFilter((command) => commandProblem(command, windows))
  ).pipe(Schema.withDecodingDefaultKey(Effect.succeed(defaultWakeCommand)))
