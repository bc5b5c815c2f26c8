import { describe, expect, it } from "@effect/vitest"
import { readFileSync } from "node:fs"
import { commandOptions, commands } from "../../src/cli/commands.ts"
import { exitCodes } from "../../src/exitCodes.ts"

const readme = readFileSync("README.md", "utf8")

/** The rows of the table under its first header, as they are written. */
const table = (header: string): ReadonlyArray<string> => {
  const lines = readme.split("\n")
  const begin = lines.findIndex((line) => line.startsWith(`| ${header} |`)) + 2
  const length = lines.slice(begin).findIndex((line) => !line.startsWith("|"))
  return lines.slice(begin, begin + length)
}

describe("the README", () => {
  it("has a line for every command", () => {
    const named = table("command").map((row) => row.split("|")[1] ?? "")
    const missing = Object.keys(commands).filter((name) =>
      !named.some((cell) => new RegExp(`\`(?:--)?${name}[ \`]`).test(cell))
    )
    expect(missing).toEqual([])
  })

  it("names every option of every command", () => {
    expect(Object.keys(commandOptions).filter((option) => !readme.includes(`--${option}`))).toEqual([])
  })

  it("says what every exit code means", () => {
    const told = table("exit code").map((row) => Number(row.split("|")[1]))
    expect(told.toSorted((one, other) => one - other)).toEqual(
      [...new Set<number>(Object.values(exitCodes))].toSorted((one, other) => one - other)
    )
  })
})
