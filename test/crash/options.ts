import { availableParallelism } from "node:os"
import { parseArgs } from "node:util"
import { type Scenario, scenarioNamed, scenarios } from "./kills.ts"

export interface Options {
  /** How many kills to draw from all that there are; undefined for all. */
  readonly sample: number | undefined
  readonly seed: number
  readonly jobs: number
  /** The scenarios to play. */
  readonly scenarios: ReadonlyArray<Scenario>
  /** The names of the only kills to make, as a failure prints them. */
  readonly only: ReadonlyArray<string>
}

const whole = (name: string, text: string | undefined): number | undefined => {
  if (text === undefined) return undefined
  if (!/^\d{1,9}$/.test(text)) throw new Error(`--${name} takes a whole number, not ${text}`)
  return Number(text)
}

const scenario = (name: string): Scenario => {
  const known = scenarioNamed(name)
  if (known === undefined) throw new Error(`--scenario takes one of ${scenarios.join(", ")}, not ${name}`)
  return known
}

/** What the command line asks for; throws a sentence for what it cannot mean. */
export const readOptions = (args: ReadonlyArray<string>): Options => {
  const { values } = parseArgs({
    args: [...args],
    options: {
      sample: { type: "string" },
      seed: { type: "string" },
      jobs: { type: "string" },
      scenario: { type: "string", multiple: true },
      only: { type: "string", multiple: true }
    }
  })
  return {
    sample: whole("sample", values.sample),
    seed: whole("seed", values.seed) ?? Math.floor(Math.random() * 1_000_000_000),
    jobs: Math.max(1, whole("jobs", values.jobs) ?? availableParallelism() + 1),
    scenarios: values.scenario?.map(scenario) ?? scenarios,
    only: values.only ?? []
  }
}

/** A small generator of numbers in [0, 1): the same seed, the same numbers. */
export const randomFrom = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
