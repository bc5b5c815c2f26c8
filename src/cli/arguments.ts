import { parseArgs } from "node:util"
import { nearest } from "../config/nearest.ts"
import { type CommandName, commands, type Options } from "./commands.ts"

export type Invocation =
  | { readonly _tag: "Run"; readonly command: CommandName; readonly options: Options }
  | { readonly _tag: "Help" }
  | { readonly _tag: "Version" }
  | { readonly _tag: "Misused"; readonly problem: string }

const options = {
  config: { type: "string" },
  port: { type: "string" },
  "time-scale": { type: "string" },
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" }
} as const

const isOption = (name: string): name is keyof typeof options => Object.hasOwn(options, name)
const isCommand = (name: string): name is CommandName => Object.hasOwn(commands, name)

const hint = (typed: string, known: ReadonlyArray<string>, dashes = ""): string => {
  const near = nearest(typed, known)
  return near === undefined ? "" : `; did you mean ${dashes}${near}?`
}

const tokenize = (argv: ReadonlyArray<string>) =>
  parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true }).tokens

type OptionToken = Extract<ReturnType<typeof tokenize>[number], { readonly kind: "option" }>

const optionProblem = ({ inlineValue, name, rawName, value }: OptionToken): string | undefined => {
  if (!isOption(name)) return `there is no option ${rawName}${hint(name, Object.keys(options), "--")}`
  if (options[name].type === "boolean") return inlineValue === true ? `${rawName} takes no value` : undefined
  const isMissing = value === undefined || value === "" || (inlineValue !== true && value.startsWith("-"))
  return isMissing ? `${rawName} needs a value` : undefined
}

const misused = (problem: string): Invocation => ({ _tag: "Misused", problem })

const invoke = (names: ReadonlyArray<string>, given: ReadonlyArray<OptionToken>): Invocation => {
  const [command = "run", extra] = names
  if (!isCommand(command)) return misused(`there is no command ${command}${hint(command, Object.keys(commands))}`)
  if (extra !== undefined) return misused(`${command} takes no argument ${extra}`)
  const known: ReadonlyArray<string> = commands[command].options
  const stray = given.find(({ name }) => !known.includes(name))
  if (stray !== undefined) return misused(`${stray.rawName} is not an option of ${command}`)
  const typed = Object.fromEntries(given.map(({ name, value = "" }) => [name, value]))
  return { _tag: "Run", command, options: typed }
}

/** What the command line asks for. Of an option given twice the last counts. */
export const parse = (argv: ReadonlyArray<string>): Invocation => {
  const tokens = tokenize(argv)
  const given = tokens.filter((token) => token.kind === "option")
  const names = tokens.filter((token) => token.kind === "positional").map(({ value }) => value)
  const fault = given.map(optionProblem).find((problem) => problem !== undefined)
  if (fault !== undefined) return misused(fault)
  if (given.some(({ name }) => name === "help")) return { _tag: "Help" }
  if (given.some(({ name }) => name === "version")) return { _tag: "Version" }
  return invoke(names, given)
}
