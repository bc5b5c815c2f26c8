import { type CommandName, commandOptions, commands } from "./commands.ts"

const introTo = (command: string): string =>
  `agentcom-sidecar: takes tasks from an AgentCom hub, wakes the agent and reports its answers

Usage: agentcom-sidecar ${command} [options]

`

const everywhere = `
  -h, --help           shows this, behind a command its own part
  -v, --version        shows the version
`

const exitCodes = `
Exit codes: 0 stopped as asked, 1 unforeseen (of --dry-run: different; of doctor: not all is well), 2 usage,
65 not a recording, 69 the hub cannot be used or the sidecar does not answer, 73 another sidecar runs in the folder,
74 a file cannot be read or locked, 75 a restart is wanted, 78 configuration, 79 stopped as asked, under pm2,
130 and 143 a dry run or a drain was stopped by SIGINT, by another signal
`

const settings =
  "any key of the configuration but the token, as in --hub-url ws://hub/ws; it counts before the variable " +
  "AGENTCOM_KEY, and that before the file"

const text_column = 23
const width = 119 // characters of a line

/** What it says, in lines that begin in the same column. */
const wrapped = (text: string): ReadonlyArray<string> =>
  text.split(" ").reduce<ReadonlyArray<string>>((lines, word) => {
    const longer = `${lines.at(-1)} ${word}`
    return lines.length > 0 && text_column + longer.length <= width
      ? [...lines.slice(0, -1), longer]
      : [...lines, word]
  }, [])

const row = (name: string, text: string): string => {
  const [first, ...others] = wrapped(text)
  return [`${name.padEnd(text_column - 1)} ${first}`, ...others.map((line) => " ".repeat(text_column) + line)].join(
    "\n"
  )
}

const argumentsOf = (name: CommandName): string => {
  const { takesCommand, takesFiles, takesOneOf } = commands[name]
  if (takesFiles === true) return `${name} FILE ...`
  if (takesCommand === true) return `${name} -- COMMAND ...`
  return takesOneOf === undefined ? name : `${name} SHELL`
}

const spellings: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(commandOptions).map(([name, kind]) => {
    const value = "value" in kind ? ` ${kind.value}` : "short" in kind ? ` (-${kind.short})` : ""
    return [name, `    --${name}${value}`]
  })
)

const partOf = (name: CommandName): string => {
  const { does, options, takesSettings } = commands[name]
  return [
    row(`  ${argumentsOf(name)}`, does),
    ...Object.entries(options).map(([option, text]) => row(spellings[option] ?? "", text)),
    ...takesSettings === true ? [row("    --KEY VALUE", settings)] : [],
    ""
  ].join("\n")
}

/** How to use the program, or one command of it. */
export const helpOf = (command: CommandName | null): string => {
  const names = Object.keys(commands).filter((name): name is CommandName => command === null || name === command)
  return [introTo(command ?? "[command]"), ...names.map(partOf), everywhere, ...command === null ? [exitCodes] : []]
    .join("")
}
