import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import type { WorkKind } from "../domain/Work.ts"
import { placeholders, takesCode, variableNames, wakeArgumentsProblem, type WakeCommand } from "../process/arguments.ts"
import { agentTypes } from "./agentTypes.ts"
import { configLimits } from "./limits.ts"
import { nearest } from "./nearest.ts"

const variables: Readonly<Record<WorkKind, ReadonlyArray<string>>> = {
  task: [...variableNames.task, "TASK_DESCRIPTION", "TASK_JSON"],
  messages: variableNames.messages
}

const workNames: Readonly<Record<WorkKind, string>> = { task: "a task", messages: "a batch of messages" }

/** A word in braces that is no placeholder, where it is close to one or is a whole argument: other braces may be text. */
const wrongPlaceholder = (text: string, isArgument: boolean, kind: WorkKind): string | undefined => {
  const known: ReadonlyArray<string> = placeholders[kind]
  const whole = isArgument ? /^(?:--?[\w-]+=)?\{([a-z_]+)\}$/.exec(text)?.[1] : undefined
  for (const [, word = ""] of text.matchAll(/(?<!\$)\{([A-Za-z_]+)\}/g)) {
    if (known.includes(word)) continue
    const near = nearest(word, known)
    if (near !== undefined) return `has no placeholder {${word}}: did you mean {${near}}?`
    if (word === whole) {
      return `has no placeholder {${word}}: there are ${known.map((name) => `{${name}}`).join(", ")}`
    }
  }
  return undefined
}

/** A variable that only work of the other kind has, or that is none of ours but has nearly the name of one. */
const wrongVariable = (text: string, kind: WorkKind): string | undefined => {
  const other = kind === "task" ? "messages" : "task"
  for (const [, name = ""] of text.matchAll(/\$\{?((?:TASK|BATCH|RESULTS?|MESSAGES?|OUTBOX)_\w+)/g)) {
    if (variables[kind].includes(name)) continue
    if (variables[other].includes(name)) return `must not use \${${name}}: only ${workNames[other]} has it`
    const near = nearest(name, variables[kind])
    if (near !== undefined) return `has no variable \${${name}}: did you mean \${${near}}?`
  }
  return undefined
}

/** The first placeholder or variable in the command that looks misspelt, as a problem; undefined if there is none. */
export const wordProblem = (command: WakeCommand, kind: WorkKind = "task"): string | undefined => {
  const isLine = typeof command === "string"
  for (const text of isLine ? [command] : command) {
    const problem = wrongPlaceholder(text, !isLine, kind) ?? wrongVariable(text, kind)
    if (problem !== undefined) return problem
  }
  return undefined
}

/** The parts of a shell line in single quotes, each with the text before it. */
const singleQuoted = (line: string): ReadonlyArray<readonly [before: string, text: string]> =>
  Array.from(
    line.matchAll(/"(?:[^"\\]|\\.)*"|'([^']*)'|\\./gs),
    ({ 1: text, index }) => [line.slice(0, index), text ?? ""] as const
  )

const reads = new RegExp(`\\$\\{?(${[...new Set(Object.values(variables).flat())].join("|")})\\b`)

/** Whether the quoted text after `before` is a program whose own shell replaces variables, or a list of variables to replace. */
const replacesLater = (before: string): boolean => {
  const last = /(\S+)\s*$/.exec(before)?.[1] ?? ""
  return takesCode.test(last) || /(?:^|\/)(?:envsubst|eval|trap)$/.test(last)
}

/** Why the shell would not replace a variable in a line; undefined if it replaces all of them. */
export const quotingProblem = (line: string): string | undefined => {
  for (const [before, text] of singleQuoted(line)) {
    const name = reads.exec(text)?.[1]
    if (name !== undefined && !replacesLater(before)) {
      return `must not have \${${name}} in single quotes, where the shell does not replace it: use double quotes`
    }
  }
  return undefined
}

/** The first `${NAME}` in a line for cmd.exe that the sidecar does not replace. */
const foreignVariable = (command: string, kind: WorkKind): string | undefined =>
  [...command.matchAll(/\$\{(\w+)\}/g)].map(([, name = ""]) => name)
    .find((name) => !variableNames[kind].includes(name))

const lineProblemOnWindows = (command: string, kind: WorkKind): string | undefined => {
  if (/[\r\n]/.test(command)) return "must be one line on Windows"
  // cmd.exe expands a variable before it splits the line, so text from a task could run there.
  if (kind === "task" && /TASK_(?:JSON|DESCRIPTION)/i.test(command)) {
    return "must not use TASK_JSON or TASK_DESCRIPTION on Windows: use ${TASK_FILE}, the file that holds the task"
  }
  const name = foreignVariable(command, kind)
  const known = variableNames[kind].map((variable) => `\${${variable}}`).join(", ")
  return name === undefined ? undefined : `must not use \${${name}} on Windows: it may use ${known}`
}

const lineProblem = (command: string, windows: boolean, kind: WorkKind): string | undefined => {
  if (command.trim() === "") return "must not be empty"
  return windows ? lineProblemOnWindows(command, kind) : quotingProblem(command)
}

const listProblem = (command: ReadonlyArray<string>): string | undefined => {
  const [program = ""] = command
  if (program.trim() === "" || program.startsWith("-")) return "must begin with the name of a program"
  return command.length > configLimits.wake_command_arguments
    ? `must be at most ${configLimits.wake_command_arguments} arguments`
    : wakeArgumentsProblem(command)
}

const commandProblem = (command: WakeCommand, windows: boolean, kind: WorkKind): string | undefined => {
  const texts = typeof command === "string" ? [command] : command
  if (texts.some((text) => text.includes("\0"))) return "must not hold a NUL character"
  if (texts.reduce((sum, text) => sum + text.length, 0) > configLimits.wake_command_chars) {
    return `must be at most ${configLimits.wake_command_chars} characters`
  }
  return (typeof command === "string" ? lineProblem(command, windows, kind) : listProblem(command)) ??
    wordProblem(command, kind)
}

const isWakeCommand = (value: unknown): value is WakeCommand =>
  Predicate.isString(value) || (Array.isArray(value) && value.every(Predicate.isString))

/** A command that wakes the agent for work of a kind. */
export const agentCommand = (windows: boolean, kind: WorkKind) =>
  Schema.declare(isWakeCommand, { message: "must be text in double quotes, or a list in [ ] of such texts" }).check(
    Schema.makeFilter((command) => commandProblem(command, windows, kind))
  )

/** `wake_command` in `config.json`: what wakes the agent for a task, by default OpenClaw. */
export const wakeCommand = (windows: boolean) =>
  agentCommand(windows, "task").pipe(Schema.withDecodingDefaultKey(Effect.succeed(agentTypes.openclaw())))
