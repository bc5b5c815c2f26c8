import { text } from "node:stream/consumers"
import { agentTypes, permissions } from "../config/agentTypes.ts"
import { configFlags, configKeyNames, configKeys, flagOf } from "../config/keys.ts"
import { commandOptions, commands, type OptionName, type Options, optionsOf } from "./commands.ts"

/**
 * The scripts that make each shell complete our command line. They contain no names of options or commands, so that they stay
 * right after an update. They pass the words to the program itself, one on each line.
 */
export const scripts = {
  bash: `_agentcom_sidecar() {
  local IFS=$'\\n'
  COMPREPLY=($(printf '%s\\n' "\${COMP_WORDS[@]:1:COMP_CWORD}" | "$1" completion - 2> /dev/null))
}
complete -o default -F _agentcom_sidecar agentcom-sidecar
`,
  zsh: `#compdef agentcom-sidecar
_agentcom_sidecar() {
  local -a found
  found=("\${(@f)$(printf '%s\\n' "\${(@Q)words[2,CURRENT]}" | \${words[1]} completion - 2> /dev/null)}")
  if [[ -n \${found[1]} ]]; then
    compadd -a found
  else
    compset -P '--*='
    _files
  fi
}
if [[ \${funcstack[1]} == _agentcom_sidecar ]]; then
  _agentcom_sidecar "$@"
else
  compdef _agentcom_sidecar agentcom-sidecar
fi
`,
  fish: `function __agentcom_sidecar
    set -l words (commandline -opc) (commandline -ct)
    set -l found (printf '%s\\n' $words[2..-1] | $words[1] completion - 2> /dev/null)
    if set -q found[1]
        printf '%s\\n' $found
    else
        __fish_complete_path $words[-1]
    end
end
complete -c agentcom-sidecar -f -a '(__agentcom_sidecar)'
`,
  powershell: `Register-ArgumentCompleter -Native -CommandName agentcom-sidecar -ScriptBlock {
  param($wordToComplete, $commandAst, $cursorPosition)
  $words = @($commandAst.CommandElements | Select-Object -Skip 1 |
    Where-Object { $_.Extent.StartOffset -lt $cursorPosition } | ForEach-Object { $_.ToString() })
  if ($wordToComplete -eq '') { $words += '' }
  ($words -join "\`n") | & $commandAst.GetCommandName() completion - 2> $null | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
`
} as const

const isShell = (name: string): name is keyof typeof scripts => Object.hasOwn(scripts, name)

export interface OptionSpec {
  /** With its dashes. */
  readonly name: string
  readonly takesValue: boolean
  /** The values that are worth completing. */
  readonly choices: ReadonlyArray<string>
}

interface CommandSpec {
  readonly name: string
  readonly options: ReadonlyArray<OptionSpec>
  /** The values of its one argument. */
  readonly choices: ReadonlyArray<string>
  readonly takesFiles: boolean
  /** Whether the command line of another program follows behind `--`. */
  readonly takesCommand: boolean
}

/** A command line that can be completed. */
export interface Spec {
  readonly commands: ReadonlyArray<CommandSpec>
  /** The command of a line that names none. */
  readonly byDefault: string
}

/** The meaning of the words so far. */
interface Line {
  readonly command: string | undefined
  readonly hasArgument: boolean
  /** The option whose value comes next. */
  readonly open: OptionSpec | undefined
}

/** An option with the name of a command, as `--dry-run`, means that command. */
const commandOf = ({ commands: known }: Spec, word: string): string | undefined =>
  known.find(({ name }) => word === `--${name}`)?.name

const optionNamed = ({ commands: known }: Spec, word: string): OptionSpec | undefined =>
  known.flatMap(({ options }) => options).find(({ name }) => name === word)

const read = (spec: Spec, line: Line, word: string): Line => {
  if (line.open !== undefined) return { ...line, open: undefined }
  const option = optionNamed(spec, word)
  const open = option?.takesValue === true ? option : undefined
  if (word.startsWith("-")) return { ...line, open, command: line.command ?? commandOf(spec, word) }
  return line.command === undefined ? { ...line, command: word } : { ...line, hasArgument: true }
}

const isColon = (word: string | undefined): boolean => word !== undefined && /^:+$/.test(word)

/** Joins words that bash splits at `:` and `=`, as it does with `ws://hub` and `--type=claude`. */
const whole = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words
    .reduce<ReadonlyArray<string>>((all, word, at) =>
      isColon(word) || isColon(words[at - 1]) ? [...all.slice(0, -1), (all.at(-1) ?? "") + word] : [...all, word], [])
    .flatMap((word, at, all) =>
      word !== "=" ? [word] : at === all.length - 1 ? [""] : []
    )

const offered = (spec: Spec, { command, hasArgument }: Line, current: string): ReadonlyArray<string> => {
  const known = spec.commands.find(({ name }) => name === (command ?? spec.byDefault))
  if (known === undefined) return []
  const options = [...known.options.map(({ name }) => name), ...known.takesCommand ? ["--"] : []]
  if (current.startsWith("-")) return options
  if (command === undefined) return spec.commands.map(({ name }) => name)
  if (known.takesFiles) return []
  return known.choices.length === 0 ? options : hasArgument ? [] : known.choices
}

/** The completions of the last word, which may be empty. If there are none, the shell completes file names. */
export const complete = (spec: Spec, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [current = "", ...before] = whole(words).toReversed()
  if (before.includes("--")) return []
  const start: Line = { command: undefined, hasArgument: false, open: undefined }
  const line = before.toReversed().reduce((known, word) => read(spec, known, word), start)
  const [name = "", ...value] = current.split("=")
  const inline = value.length > 0 && name.startsWith("--") ? optionNamed(spec, name) : undefined
  const candidates = inline !== undefined
    ? inline.choices.map((choice) => `${name}=${choice}`)
    : line.open?.choices ?? offered(spec, line, current)
  return candidates.filter((candidate) => candidate.startsWith(current))
}

const booleans = configKeyNames.filter((key) => configKeys[key].read === "boolean").map(flagOf)

const choicesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  type: Object.keys(agentTypes),
  may: permissions,
  expect: ["strict", "none"],
  ...Object.fromEntries(booleans.map((name) => [name, ["true", "false"]]))
}

const optionOf = (name: string, takesValue: boolean): OptionSpec => ({
  name: `--${name}`,
  takesValue,
  choices: choicesOf[name] ?? []
})

const ownOption = (name: OptionName): OptionSpec => optionOf(name, commandOptions[name].type === "string")

const ourSpec: Spec = {
  byDefault: "run",
  commands: Object.entries(commands).map(([name, command]) => ({
    name,
    options: [
      ...optionsOf(command).map(ownOption),
      ...command.takesSettings === true ? configFlags.map((flag) => optionOf(flag, true)) : [],
      ...["help", "version"].map((option) => optionOf(option, false))
    ],
    choices: (command.takesOneOf ?? []).filter((choice) => choice !== "-"),
    takesFiles: command.takesFiles ?? false,
    takesCommand: command.takesCommand ?? false
  }))
}

const answer = async (): Promise<void> => {
  const words = (await text(process.stdin)).replace(/\r?\n$/, "").split(/\r?\n/)
  process.stdout.write(complete(ourSpec, words).map((candidate) => `${candidate}\n`).join(""))
}

export const main = (_options: Options, [shell = ""]: ReadonlyArray<string>): void => {
  if (isShell(shell)) process.stdout.write(scripts[shell])
  else void answer()
}
