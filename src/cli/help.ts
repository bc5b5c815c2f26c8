import { configKeyNames, configKeys, flagOf } from "../config/keys.ts"
import { type CommandName, commandOptions, commands, isCommand, type OptionName, optionsOf } from "./commands.ts"

const introTo = (command: string): string =>
  `agentcom-sidecar: takes tasks from an AgentCom hub, wakes the agent and reports its answers

Usage: agentcom-sidecar ${command} [options]

`

const commonOptions = `
  -h, --help           shows this, behind a command only its part
  -v, --version        shows the version
`

const exitCodes = `
Exit codes: 0 stopped as asked, 1 unforeseen error (of dry-run: a difference; of doctor: a problem), 2 usage,
65 not a recording (of send: nobody takes the message), 69 the hub cannot be used, the sidecar does not answer or no
reply came, 73 another sidecar runs in the folder, 74 a file cannot be read or locked, 75 a restart is wanted,
78 configuration, 79 stopped as asked, under pm2, 130 and 143 a dry run, a drain or a send was stopped by SIGINT, by
another signal
`

const settings =
  "any key of the configuration except the token, as in --hub-url ws://hub/ws; an option counts before the variable " +
  "AGENTCOM_KEY, and a variable before the file"

const text_column = 23
const width = 119 // characters of a line

/** The text in lines that fit behind `text_column`. */
const wrapped = (text: string): ReadonlyArray<string> =>
  text.split(" ").reduce<ReadonlyArray<string>>((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`
    return lines.length > 0 && text_column + longer.length <= width
      ? [...lines.slice(0, -1), longer]
      : [...lines, word]
  }, [])

const indent = " ".repeat(text_column)

/** The text stands behind the name, or below one that is too long for its column. */
const row = (name: string, text: string): string => {
  const lines = wrapped(text).map((line) => indent + line)
  if (name.length >= text_column) return [name, ...lines].join("\n")
  const [first = "", ...others] = lines
  return [name.padEnd(text_column) + first.slice(text_column), ...others].join("\n")
}

const argumentsOf = (name: CommandName): string => {
  const { takesCommand, takesFiles, takesOneOf, takesText } = commands[name]
  if (takesText === true) return `${name} TEXT|-`
  if (takesFiles === true) return `${name} FILE ...`
  if (takesCommand === true) return `${name} -- COMMAND ...`
  return takesOneOf === undefined ? name : `${name} SHELL`
}

/** An option as it is typed. A command may have a word of its own for the value. */
const spelling = (name: OptionName, own: string | undefined): string => {
  const kind = commandOptions[name]
  const value = "value" in kind ? ` ${own ?? kind.value}` : "short" in kind ? ` (-${kind.short})` : ""
  return `    --${name}${value}`
}

const partOf = (name: CommandName): string => {
  const { does, options, takesSettings, values = {} } = commands[name]
  return [
    row(`  ${argumentsOf(name)}`, does),
    ...optionsOf(commands[name]).map((option) => row(spelling(option, values[option]), options[option] ?? "")),
    ...takesSettings === true ? [row("    --KEY VALUE", settings)] : [],
    ""
  ].join("\n")
}

/** The keys of the configuration, as options. */
const keys = ["\nKeys of the configuration:\n"].concat(
  configKeyNames.filter((key) => key !== "token").map((key) => `${row(`    --${flagOf(key)}`, configKeys[key].does)}\n`)
)

/** The help for one command, or for the whole program. */
export const helpOf = (command: CommandName | null): string =>
  command === null
    ? [introTo("[command]"), ...Object.keys(commands).filter(isCommand).map(partOf), commonOptions, exitCodes].join("")
    : [introTo(command), partOf(command), ...commands[command].takesSettings === true ? keys : [], commonOptions].join(
      ""
    )
