import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import type { Mutant } from "../../mutation/mutants.ts"

/** What instrumented code tells of itself while it runs. */
export interface Probe {
  /** The place was come to. */
  readonly hit: (index: number) => void
  /** The same rule, or parts of rules; they come to the place when they are applied. */
  readonly rule: (index: number, rule: unknown) => unknown
  /** The same command, or commands; it is come to its place when it is decided on. */
  readonly command: (index: number, command: unknown) => unknown
}

/** By this name the instrumented code finds it. */
export const probeName = "probeOfTheReplay"

const calls: Readonly<Record<Mutant["kind"], string>> = {
  "negate a condition": "hit",
  "drop a part of a rule": "rule",
  "drop a command": "command",
  "drop a save": "hit"
}

interface Insertion {
  readonly at: number
  readonly order: number
  readonly text: string
}

/** What is put before and after the place of a mutant; where places begin or end together, the longer is outside. */
const insertionsOf = ({ end, kind, original, start }: Mutant, index: number): ReadonlyArray<Insertion> => {
  const isSpread = original.startsWith("...")
  const name = kind === "drop a command" && original.startsWith("log(") ? "rule" : calls[kind]
  const call = `${probeName}.${name}(${index}`
  const begin = name === "hit" ? `(${call}), ` : `${call}, `
  const from = isSpread ? start + "...".length : start
  return [
    { at: from, order: -(end - start), text: begin },
    { at: end, order: end - start, text: ")" }
  ]
}

/** The file with a probe at the place of each of its mutants. */
export const instrumented = (file: string, mutants: ReadonlyArray<Mutant>): string => {
  const source = stripTypeScriptTypes(readFileSync(file, "utf8"))
  const insertions = mutants.flatMap((mutant, index) => mutant.file === file ? insertionsOf(mutant, index) : [])
    .toSorted((a, b) => a.at - b.at || a.order - b.order)
  let text = ""
  let done = 0
  for (const insertion of insertions) {
    text += source.slice(done, insertion.at) + insertion.text
    done = insertion.at
  }
  return text + source.slice(done)
}
