import { parseArgs } from "node:util"
import { configFlags } from "../config/keys.ts"
import { nearest } from "../config/nearest.ts"
import {
  type CommandName,
  commandOptions,
  commands,
  isCommand,
  isValueOptional,
  type Options,
  optionsOf
} from "./commands.ts"

export type Invocation =
  | {
    readonly _tag: "Run"
    readonly command: CommandName
    readonly options: Options
    /** The command line behind `--`, or the files, for a command that takes them. */
    readonly rest?: ReadonlyArray<string>
  }
  | { readonly _tag: "Help"; readonly command: CommandName | null }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Misused"; readonly problem: string }

const settings: Readonly<Record<string, { readonly type: "string" }>> = Object.fromEntries(
  configFlags.map((name) => [name, { type: "string" }])
)

const options = {
  ...settings,
  ...commandOptions,
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" }
} as const

const isOption = (name: string): name is keyof typeof options => Object.hasOwn(options, name)

const hint = (typed: string, known: ReadonlyArray<string>, dashes = ""): string => {
  const near = nearest(typed, known)
  return near === undefined ? "" : `; did you mean ${dashes}${near}?`
}

/** Before another option, which parseArgs would take for it, a value that may be left out is left out. */
const withEmptyValues = (argv: ReadonlyArray<string>): Array<string> => {
  const end = argv.indexOf("--")
  return argv.map((arg, at) => {
    const isOpen = arg.startsWith("--") && isValueOptional(arg.slice(2)) && (end < 0 || at < end)
    return isOpen && /^-./.test(argv[at + 1] ?? "") ? `${arg}=` : arg
  })
}

const tokenize = (argv: ReadonlyArray<string>) =>
  parseArgs({ args: withEmptyValues(argv), options, strict: false, allowPositionals: true, tokens: true }).tokens

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { readonly kind: "option" }>

const optionProblem = ({ inlineValue, name, rawName, value }: OptionToken): string | undefined => {
  if (!isOption(name)) return `there is no option ${rawName}${hint(name, Object.keys(options), "--")}`
  if (options[name].type === "boolean") return inlineValue === true ? `${rawName} takes no value` : undefined
  if ((value ?? "") === "" && isValueOptional(name)) return undefined
  const isMissing = value === undefined || value === "" ||
    (inlineValue !== true && value !== "-" && value.startsWith("-"))
  return isMissing ? `${rawName} needs a value` : undefined
}

/** Whether help is asked for where parseArgs takes it for the value that is missing there. */
const asksForHelp = ({ inlineValue, value }: OptionToken): boolean =>
  inlineValue !== true && (value === "--help" || value === "-h")

const misused = (problem: string): Invocation => ({ _tag: "Misused", problem })

/** What is wrong with what follows the name of the command. */
const restProblem = (
  command: CommandName,
  [extra, second]: ReadonlyArray<string>,
  rest: ReadonlyArray<string>
): string | undefined => {
  if (commands[command].takesFiles === true) {
    return extra === undefined && rest.length === 0 ? `${command} needs a file` : undefined
  }
  const choices = commands[command].takesOneOf
  if (choices !== undefined) {
    const argument = second ?? rest[0]
    if (extra === undefined || !choices.includes(extra)) return `${command} needs one of ${choices.join(", ")}`
    return argument === undefined ? undefined : `${command} takes no argument ${argument}`
  }
  if (commands[command].takesCommand !== true) {
    const argument = extra ?? rest[0]
    return argument === undefined ? undefined : `${command} takes no argument ${argument}`
  }
  if (extra !== undefined) return `${command} takes its command behind --, as in ${command} -- ${extra}`
  return rest.length === 0 ? `${command} needs -- and the command that it runs` : undefined
}

const invoke = (
  [command = "run", ...others]: ReadonlyArray<string>,
  given: ReadonlyArray<OptionToken>,
  rest: ReadonlyArray<string>
): Invocation => {
  if (!isCommand(command)) return misused(`there is no command ${command}${hint(command, Object.keys(commands))}`)
  const problem = restProblem(command, others, rest)
  if (problem !== undefined) return misused(problem)
  const own = optionsOf(commands[command])
  const known: ReadonlyArray<string> = commands[command].takesSettings === true ? [...own, ...configFlags] : own
  const stray = given.find(({ name }) => !known.includes(name))
  if (stray !== undefined) return misused(`${stray.rawName} is not an option of ${command}`)
  const typed = Object.fromEntries(given.map(({ name, value = "" }) => [name, value]))
  const more = [...others, ...rest]
  return { _tag: "Run", command, options: typed, ...(more.length > 0 ? { rest: more } : {}) }
}

type Token = ReturnType<typeof tokenize>[number]

const valuesOf = (tokens: ReadonlyArray<Token>): ReadonlyArray<string> =>
  tokens.flatMap((token) =>
    token.kind === "positional" || (token.kind === "option" && token.name === "dry-run") ? token.value ?? [] : []
  )

/** The command and what follows it. `--dry-run` makes another command of `run`, and all behind it are files. */
const namesIn = (tokens: ReadonlyArray<Token>): ReadonlyArray<string> => {
  const dry = tokens.findIndex((token) => token.kind === "option" && token.name === "dry-run")
  if (dry < 0) return valuesOf(tokens)
  const [first, ...before] = valuesOf(tokens.slice(0, dry))
  const files = [...before, ...valuesOf(tokens.slice(dry))]
  return first === undefined || first === "run" || first === "dry-run"
    ? ["dry-run", ...files]
    : [first, ...files]
}

const helpFor = (tokens: ReadonlyArray<Token>): Invocation => {
  const [name = ""] = namesIn(tokens)
  return { _tag: "Help", command: isCommand(name) ? name : null }
}

/** What the command line asks for. Of an option given twice the last counts. */
export const parse = (argv: ReadonlyArray<string>): Invocation => {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length
  const tokens = tokenize(argv.slice(0, end))
  const given = tokens.filter((token) => token.kind === "option")
  if (given.some(asksForHelp)) return helpFor(tokens)
  const fault = given.map(optionProblem).find((problem) => problem !== undefined)
  if (fault !== undefined) return misused(fault)
  if (given.some(({ name }) => name === "help")) return helpFor(tokens)
  if (given.some(({ name }) => name === "version")) return { _tag: "Version" }
  return invoke(namesIn(tokens), given, argv.slice(end + 1))
}
