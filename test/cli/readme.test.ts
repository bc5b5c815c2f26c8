import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { readFileSync } from "node:fs"
import { relative } from "node:path"
import { describe, expect, it } from "vitest"
import { type CommandName, commands, optionsOf } from "../../src/cli/commands.ts"
import { helpOf } from "../../src/cli/help.ts"
import { configFile } from "../../src/config/ConfigFile.ts"
import { configFlags, configKeyNames, configKeys } from "../../src/config/keys.ts"

const readme = readFileSync("README.md", "utf8")

/** The rows of the README's table with this header, each as its cells without the marks of Markdown. */
const rowsUnder = (header: string): ReadonlyArray<ReadonlyArray<string>> => {
  const lines = readme.slice(readme.indexOf(header)).split("\n").slice(2)
  return lines.slice(0, lines.findIndex((line) => !line.startsWith("|")))
    .map((line) => line.split("|").slice(1, -1).map((cell) => cell.replaceAll("`", "").trim()))
}

describe("the README has in its order", () => {
  it("every key of the configuration, with its default and what it does", () => {
    const rows = rowsUnder("| key | default | what |")
    expect(rows.map(([key]) => key)).toEqual(configKeyNames)
    const least = { agent_id: "a", hub_url: "ws://h/ws", token: "t", wake_command: ["x"] }
    const decoded = Effect.runSync(Schema.decodeUnknownEffect(configFile("", false))(least))
    const defaults = new Map<string, unknown>(Object.entries(decoded))
    for (const [key = "", byDefault = "", what = ""] of rows) {
      const does = Object.entries(configKeys).find(([name]) => name === key)?.[1].does ?? "?"
      expect(what.startsWith(does), `${key}: ${what}`).toBe(true)
      const value = key in least ? undefined : defaults.get(key)
      if (value !== undefined) {
        expect(byDefault).toBe(/_(dir|file)$/.test(key) ? `./${relative("", String(value))}` : JSON.stringify(value))
      }
    }
  })

  it("every command, with what it does and its options", () => {
    const rows = rowsUnder("| command | what it does | options |")
    expect(rows.map(([usage = ""]) => usage.split(" ")[0]).toSorted()).toEqual(Object.keys(commands).toSorted())
    for (const [usage = "", what, options = ""] of rows) {
      const name = usage.split(" ")[0] as CommandName
      expect(what).toBe(commands[name].does)
      const own = optionsOf(commands[name]).filter((option) => option !== "config" && option !== name)
      expect(options.match(/--[a-z][a-z-]*/g) ?? []).toEqual(
        expect.arrayContaining(own.map((option) => `--${option}`))
      )
    }
  })
})

it("the help of run lists every key of the configuration that is an option", () => {
  const help = helpOf("run")
  for (const flag of configFlags) expect(help).toMatch(new RegExp(`\n    --${flag}\\s`))
  for (const line of help.split("\n")) expect(line.length).toBeLessThan(120)
})
