import { text } from "node:stream/consumers"
import { agentTypes } from "../config/init/agentTypes.ts"
import { configFlags, configKeyNames, configKeys, flagOf } from "../config/keys.ts"
import { commandOptions, commands, type OptionName, type Options, optionsOf } from "./commands.ts"
import { complete, type OptionSpec, type Spec } from "./completion/complete.ts"
import { isShell, scripts } from "./completion/scripts.ts"

const booleans = configKeyNames.filter((key) => configKeys[key] === "boolean").map(flagOf)

const choicesOf: Readonly<Record<string, ReadonlyArray<string>>> = {
  type: Object.keys(agentTypes),
  expect: ["strict", "none"],
  ...Object.fromEntries(booleans.map((name) => [name, ["true", "false"]]))
}

const optionOf = (name: string, takesValue: boolean): OptionSpec => ({
  name: `--${name}`,
  takesValue,
  choices: choicesOf[name] ?? []
})

const own = (name: OptionName): OptionSpec => optionOf(name, commandOptions[name].type === "string")

const common = ["help", "version"].map((name) => optionOf(name, false))

/** The command line as its one table says. */
const spec: Spec = {
  byDefault: "run",
  commands: Object.entries(commands).map(([name, command]) => ({
    name,
    options: [
      ...optionsOf(command).map(own),
      ...command.takesSettings === true ? configFlags.map((flag) => optionOf(flag, true)) : [],
      ...common
    ],
    choices: (command.takesOneOf ?? []).filter((choice) => choice !== "-"),
    takesFiles: command.takesFiles ?? false,
    takesCommand: command.takesCommand ?? false
  }))
}

const answer = async (): Promise<void> => {
  const words = (await text(process.stdin)).replace(/\r?\n$/, "").split(/\r?\n/)
  process.stdout.write(complete(spec, words).map((candidate) => `${candidate}\n`).join(""))
}

export const main = (_options: Options, [what = ""]: ReadonlyArray<string>): void => {
  if (isShell(what)) process.stdout.write(scripts[what])
  else void answer()
}
