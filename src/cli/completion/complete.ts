export interface OptionSpec {
  /** With its dashes. */
  readonly name: string
  readonly takesValue: boolean
  /** The values it may have, where they can be listed. */
  readonly choices: ReadonlyArray<string>
}

export interface CommandSpec {
  readonly name: string
  readonly options: ReadonlyArray<OptionSpec>
  /** What its one argument may be. */
  readonly choices: ReadonlyArray<string>
  readonly takesFiles: boolean
  /** Whether the command line of another program follows, behind `--`. */
  readonly takesCommand: boolean
}

export interface Spec {
  readonly commands: ReadonlyArray<CommandSpec>
  /** The command where none is named. */
  readonly byDefault: string
}

/** What the words so far say. */
interface Line {
  readonly command: string | undefined
  /** Whether the command has an argument already. */
  readonly argued: boolean
  /** The option whose value comes next. */
  readonly open: OptionSpec | undefined
}

const start: Line = { command: undefined, argued: false, open: undefined }

/** An option that is named like a command is that command, as `--dry-run` is. */
const commandOf = ({ commands }: Spec, word: string): string | undefined =>
  commands.find(({ name }) => word === `--${name}`)?.name

const optionNamed = ({ commands }: Spec, word: string): OptionSpec | undefined =>
  commands.flatMap(({ options }) => options).find(({ name }) => name === word)

const read = (spec: Spec, line: Line, word: string): Line => {
  if (line.open !== undefined) return { ...line, open: undefined }
  const option = optionNamed(spec, word)
  const open = option?.takesValue === true ? option : undefined
  if (word.startsWith("-")) return { ...line, open, command: line.command ?? commandOf(spec, word) }
  return line.command === undefined ? { ...line, command: word } : { ...line, argued: true }
}

const isColon = (word: string | undefined): boolean => word !== undefined && /^:+$/.test(word)

/** bash takes `ws://hub` for three words, and `--type=claude` too. */
const whole = (words: ReadonlyArray<string>): ReadonlyArray<string> =>
  words
    .reduce<ReadonlyArray<string>>((all, word, at) =>
      isColon(word) || isColon(words[at - 1]) ? [...all.slice(0, -1), (all.at(-1) ?? "") + word] : [...all, word], [])
    .flatMap((word, at, all) =>
      word !== "=" ? [word] : at === all.length - 1 ? [""] : []
    )

const offered = (spec: Spec, { argued, command }: Line, current: string): ReadonlyArray<string> => {
  const known = spec.commands.find(({ name }) => name === (command ?? spec.byDefault))
  if (known === undefined) return []
  const options = [...known.options.map(({ name }) => name), ...known.takesCommand ? ["--"] : []]
  if (current.startsWith("-")) return options
  if (command === undefined) return spec.commands.map(({ name }) => name)
  if (known.takesFiles) return []
  return known.choices.length === 0 ? options : argued ? [] : known.choices
}

/**
 * What may stand in place of the last word, which may be empty, behind the words before it. Nothing means that the shell's
 * own completion of file names is in place.
 */
export const complete = (spec: Spec, words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const [current = "", ...before] = whole(words).toReversed()
  if (before.includes("--")) return []
  const line = before.toReversed().reduce((known, word) => read(spec, known, word), start)
  const [name = "", ...value] = current.split("=")
  const inline = value.length > 0 && name.startsWith("--") ? optionNamed(spec, name) : undefined
  const candidates = inline !== undefined
    ? inline.choices.map((choice) => `${name}=${choice}`)
    : line.open?.choices ?? offered(spec, line, current)
  return candidates.filter((candidate) => candidate.startsWith(current))
}
