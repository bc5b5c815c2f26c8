import { readFileSync } from "node:fs"
import { stripTypeScriptTypes } from "node:module"
import type { Mutant } from "../../mutation/mutants.ts"

/** What instrumented code calls while it runs. */
export interface Probe {
  /** The place is evaluated. */
  readonly hit: (index: number) => void
  /** Returns the same rule or parts of rules. The place is evaluated when they are applied. */
  readonly rule: (index: number, rule: unknown) => unknown
  /** Returns the same command or commands. The place is evaluated when the command is decided. */
  readonly command: (index: number, command: unknown) => unknown
}

/** The name of the global probe. */
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

/** The text before and after the place of a mutant. If places begin or end together, the longer one is outside. */
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
