import { parseArgs } from "node:util"
import { configFlags } from "../config/keys.ts"
import { didYouMean } from "../config/nearest.ts"
import { exitCodes } from "../exitCodes.ts"
import { version } from "../version.ts"
import { type CommandName, commandOptions, commands, isCommand, type Options, optionsOf } from "./commands.ts"

/** What a command line asks for. */
export type Invocation =
  | {
    readonly _tag: "Run"
    readonly command: CommandName
    readonly options: Options
    /** The files, the text, the argument, or the command line behind `--`. */
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

/** Options whose value may be missing, each with what its value looks like. */
const optionalValues: Readonly<Record<string, RegExp>> = { minimize: /^(?!-.)/, wait: /^\d/ }

const isValueOptional = (name: string): boolean => Object.hasOwn(optionalValues, name)

/** Gives a missing optional value as `=`, because parseArgs would take what follows for the value. */
const withEmptyValues = (argv: ReadonlyArray<string>): Array<string> => {
  const end = argv.indexOf("--")
  return argv.map((arg, at) => {
    const value = arg.startsWith("--") && (end < 0 || at < end) ? optionalValues[arg.slice(2)] : undefined
    return value === undefined || value.test(argv[at + 1] ?? "") ? arg : `${arg}=`
  })
}

const tokenize = (argv: ReadonlyArray<string>) =>
  parseArgs({ args: withEmptyValues(argv), options, strict: false, allowPositionals: true, tokens: true }).tokens

type Token = ReturnType<typeof tokenize>[number]
type OptionToken = Extract<Token, { readonly kind: "option" }>

const optionProblem = ({ inlineValue, name, rawName, value }: OptionToken): string | undefined => {
  if (!isOption(name)) return `there is no option ${rawName}${didYouMean(name, Object.keys(options), "--")}`
  if (options[name].type === "boolean") return inlineValue === true ? `${rawName} takes no value` : undefined
  if ((value ?? "") === "" && isValueOptional(name)) return undefined
  const isMissing = value === undefined || value === "" ||
    (inlineValue !== true && value !== "-" && value.startsWith("-"))
  return isMissing ? `${rawName} needs a value` : undefined
}

/** Whether parseArgs took a wish for help for the value of an option. */
const asksForHelp = ({ inlineValue, value }: OptionToken): boolean =>
  inlineValue !== true && (value === "--help" || value === "-h")

const misused = (problem: string): Invocation => ({ _tag: "Misused", problem })

/** The problem with what follows the name of the command, if any. */
const restProblem = (
  command: CommandName,
  [extra, second]: ReadonlyArray<string>,
  rest: ReadonlyArray<string>
): string | undefined => {
  if (commands[command].takesFiles === true) {
    return extra === undefined && rest.length === 0 ? `${command} needs a file` : undefined
  }
  if (commands[command].takesText === true) {
    const texts = extra === undefined ? rest : second === undefined ? [extra, ...rest] : [extra, second]
    if (texts.length === 0) return `${command} needs a text, or - to read it from standard input`
    return texts.length === 1 ? undefined : `${command} takes one text: put it in quotes`
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
  if (!isCommand(command)) return misused(`there is no command ${command}${didYouMean(command, Object.keys(commands))}`)
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

const valuesOf = (tokens: ReadonlyArray<Token>): ReadonlyArray<string> =>
  tokens.flatMap((token) =>
    token.kind === "positional" || (token.kind === "option" && token.name === "dry-run") ? token.value ?? [] : []
  )

/** The command and what follows it. `--dry-run` turns `run` into `dry-run`, and everything behind it is a file. */
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

/** Reads a command line. If an option is given twice, the last one counts. */
export const parse = (argv: ReadonlyArray<string>): Invocation => {
  const end = argv.includes("--") ? argv.indexOf("--") : argv.length
  const tokens = tokenize(argv.slice(0, end))
  const given = tokens.filter((token) => token.kind === "option")
  if (given.some(asksForHelp)) return helpFor(tokens)
  const fault = given.map(optionProblem).find((problem) => problem !== undefined)
  if (fault !== undefined) {
    const isText = namesIn(tokens)[0] === "send" && fault.startsWith("there is no option")
    return misused(isText ? `${fault}; a text that begins with - stands behind --` : fault)
  }
  if (given.some(({ name }) => name === "help")) return helpFor(tokens)
  if (given.some(({ name }) => name === "version")) return { _tag: "Version" }
  return invoke(namesIn(tokens), given, argv.slice(end + 1))
}

/** Runs what the command line asks for. A command sets the exit code itself and may continue after this returns. */
export const cli = async (argv: ReadonlyArray<string>): Promise<void> => {
  const invocation = parse(argv)
  switch (invocation._tag) {
    case "Help":
      process.stdout.write((await import("./help.ts")).helpOf(invocation.command))
      return
    case "Version":
      process.stdout.write(`${version}\n`)
      return
    case "Misused":
      process.stderr.write(`agentcom-sidecar: ${invocation.problem} (see agentcom-sidecar --help)\n`)
      process.exitCode = exitCodes.usage
      return
    case "Run": {
      const main = await commands[invocation.command].load()
      main(invocation.options, invocation.rest ?? [])
    }
  }
}
