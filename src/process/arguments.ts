import type { WorkKind } from "../domain/Work.ts"
import type { Platform } from "../platform.ts"
import { processLimits } from "./limits.ts"

/** What wakes the agent: a line for the shell, or a program with its arguments, which no shell reads. */
export type WakeCommand = string | ReadonlyArray<string>

/** All of a command as one text. */
export const textOf = (command: WakeCommand): string => typeof command === "string" ? command : command.join(" ")

/** The variables that hold the same as a placeholder. None of them holds text of others. */
const ofAnyWork = { RESULTS_DIR: "results_dir", MESSAGES_FILE: "messages_file", OUTBOX_DIR: "outbox_dir" } as const
const variables = {
  task: { TASK_ID: "task_id", TASK_FILE: "task_file", TASK_PROMPT_FILE: "prompt_file", ...ofAnyWork },
  messages: { BATCH_ID: "batch_id", MESSAGES_PROMPT_FILE: "prompt_file", ...ofAnyWork }
} as const

type Variables = typeof variables
type Name = "prompt" | { [Kind in WorkKind]: Variables[Kind][keyof Variables[Kind]] }[WorkKind]

/** The values of the placeholders of a command. Those that its work does not have are left out. */
export type ArgumentValues = Readonly<Partial<Record<Name, string | undefined>> & Record<"prompt", string>>

/** The names that a command may write in braces, by the kind of work that it is for. */
export const placeholders: Readonly<Record<WorkKind, ReadonlyArray<Name>>> = {
  task: ["prompt", ...Object.values(variables.task)],
  messages: ["prompt", ...Object.values(variables.messages)]
}

/** The variables that a command may name as `${NAME}`, by the kind of work that it is for. */
export const variableNames: Readonly<Record<WorkKind, ReadonlyArray<string>>> = {
  task: Object.keys(variables.task),
  messages: Object.keys(variables.messages)
}

/** The variables of a command and what they hold, by the values of its placeholders. */
export const variablesOf = (values: ArgumentValues): Record<string, string> =>
  Object.fromEntries(
    Object.entries<Name>(values.batch_id === undefined ? variables.task : variables.messages)
      .flatMap(([variable, name]) => {
        const value = values[name]
        return value === undefined ? [] : [[variable, value]]
      })
  )

const names = new Set([...placeholders.task, ...placeholders.messages])

const isName = (text: string | undefined): text is Name => [...names].some((name) => name === text)

const braced = (name: string): string => `{${name}}`

const variable = /\$\{(\w+)\}/g
const variableOrBraces = /\$\{(\w+)\}|(?<!\$)\{([a-z_]+)\}/g

const fill = (argument: string, pattern: RegExp, values: ArgumentValues): string => {
  const byVariable = new Map(Object.entries(variablesOf(values)))
  return argument.replace(pattern, (whole: string, variableName: string | undefined, bracedName?: string | number) => {
    if (variableName !== undefined) return byVariable.get(variableName) ?? whole
    return typeof bracedName === "string" && isName(bracedName) ? values[bracedName] ?? whole : whole
  })
}

/** The index of our own `exec` in a command; the length of the command if it is not there. */
const execAt = (command: ReadonlyArray<string>): number => {
  const at = command.findIndex((argument, index) =>
    argument === "exec" && /(?:^|[\\/])(?:agentcom-sidecar(?:\.\w+)?|dist[\\/]main\.js)$/.test(command[index - 1] ?? "")
  )
  return at === -1 ? command.length : at
}

/** The command that our own `exec` runs; undefined if the command does not use `exec`. */
export const behindExec = (command: ReadonlyArray<string>): ReadonlyArray<string> | undefined => {
  const behind = command.slice(execAt(command))
  const at = behind.indexOf("--")
  return at === -1 ? undefined : behind.slice(at + 1)
}

/** Whether our `exec` runs the agent, so that the agent need not confirm and answer by itself. */
export const isRunByExec = (command: WakeCommand): boolean =>
  typeof command === "string"
    ? /(?:^|[\s"/])agentcom-sidecar(?:\.cmd)?"?\s+exec\s/.test(command)
    : behindExec(command) !== undefined

/** Puts the values into a list. Braces behind our own `exec` stay: `exec` replaces those itself. */
export const fillArguments = (command: ReadonlyArray<string>, values: ArgumentValues): ReadonlyArray<string> => {
  const ours = execAt(command)
  return command.map((argument, index) => fill(argument, index > ours ? variable : variableOrBraces, values))
}

/** Puts the values into the command of `exec`, where a placeholder is always a whole argument. */
export const fillWholeArguments = (command: ReadonlyArray<string>, values: ArgumentValues): ReadonlyArray<string> =>
  command.map((argument) => {
    const name = argument.startsWith("{") && argument.endsWith("}") ? argument.slice(1, -1) : ""
    return isName(name) ? values[name] ?? argument : argument
  })

const interpreter = /(?:^|[\\/])(?:\w*sh|busybox|node|bun|python[\d.]*|perl|ruby|php)(?:\.exe)?$/i
const commandLineReader = /(?:^|[\\/])(?:cmd|powershell|pwsh)(?:\.exe)?$/i
/** An option whose argument is program code. */
export const takesCode = /^(?:-\w*[ceEpr]|--eval|--print|--command)$/

/** Whether the argument at `index` is program code rather than data for a program. */
const isCode = (command: ReadonlyArray<string>, index: number): boolean => {
  const before = command.slice(0, index)
  if (before.some((argument) => commandLineReader.test(argument))) return true
  const last = before.findLastIndex((argument) => !argument.startsWith("-"))
  const flag = /^(--\w+)=/.exec(command[index] ?? "")?.[1] ?? before[before.length - 1] ?? ""
  return interpreter.test(before[last] ?? "") && takesCode.test(flag)
}

const runsIt = (at: number): string =>
  `argument ${at} would run {prompt} as a program: let the program read the file {prompt_file}`

/** Why this `wake_command` must not take a task's text where it asks for it; undefined if it may. */
export const wakeArgumentsProblem = (command: ReadonlyArray<string>): string | undefined => {
  const ours = execAt(command)
  for (const [index, argument] of command.entries()) {
    const text = /\$\{(TASK_(?:DESCRIPTION|JSON))\}/.exec(argument)?.[1]
    if (text !== undefined) return `must not use \${${text}} in a list: use {prompt} or \${TASK_FILE}`
    if (index > ours || !argument.includes("{prompt}")) continue
    if (!/^(?:--?[\w-]+=)?\{prompt\}$/.test(argument)) {
      return `must hold {prompt} only as a whole argument or after --name=, as in other text it could be run (argument ${
        index + 1
      })`
    }
    if (isCode(command, index)) return runsIt(index + 1)
  }
  return undefined
}

/** The same for the command of `exec`. */
export const execArgumentsProblem = (command: ReadonlyArray<string>): string | undefined => {
  for (const [index, argument] of command.entries()) {
    const inside = [...names].find((name) => argument.includes(braced(name)) && argument !== braced(name))
    if (inside !== undefined) {
      return `${braced(inside)} must be a whole argument, which it is not in argument ${index + 1}`
    }
    if (argument === "{prompt}" && isCode(command, index)) return runsIt(index + 1)
  }
  return undefined
}

/** The most characters an argument takes on a Windows command line: quotes, a space, and a backslash for each of these. */
const charsOnWindows = (argument: string): number => argument.length + 3 + (argument.match(/["\\]/g)?.length ?? 0)

/** Why this platform cannot pass these arguments to a program, as the end of a sentence; undefined if it can. */
export const carryProblem = (command: ReadonlyArray<string>, platform: Platform): string | undefined => {
  if (command.some((argument) => argument.includes("\0"))) {
    return "would hold a NUL character, which no argument can"
  }
  if (platform === "windows") {
    const chars = command.reduce((sum, argument) => sum + charsOnWindows(argument), 0)
    return chars > processLimits.windows_command_line_chars
      ? `would be ${chars} characters, more than the ${processLimits.windows_command_line_chars} of a Windows command line`
      : undefined
  }
  const bytes = Math.max(...command.map((argument) => Buffer.byteLength(argument)))
  return bytes > processLimits.argument_bytes
    ? `would have an argument of ${bytes} bytes, more than the ${processLimits.argument_bytes} that one can hold`
    : undefined
}

/** What to do when the arguments are too large. */
export const roomRemedy =
  "use {prompt_file} instead of {prompt}, or pass the prompt on standard input by agentcom-sidecar exec"
