import { writeFileSync } from "node:fs"
import { parseArgs } from "node:util"
import { campaign, type Tally } from "./campaign.ts"
import { faultNames } from "./faults.ts"
import { playRecorded } from "./recording.ts"
import { play } from "./run.ts"
import { shrink } from "./shrink.ts"

const usual_runs = 10_000
/** From so many runs on, a kind of fault that was injected less than `enough` times is a failure. */
const enough = 100
const shown_failures = 3
const largest = 2 ** 32 - 1 // a larger seed plays the run of a smaller one
const hour_ms = 3_600_000

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    runs: { type: "string" },
    journal: { type: "boolean" },
    record: { type: "string" }
  }
})

const whole = (name: "seed" | "runs", otherwise: number): number => {
  const text = values[name]
  if (text === undefined) return otherwise
  if (/^\d+$/.test(text) && Number(text) <= largest) return Number(text)
  console.error(`--${name} takes a whole number up to ${largest}`)
  return process.exit(2)
}

const explain = (seed: number): void => {
  const { hits, journal, violation } = shrink(seed)
  console.log(`\nseed ${seed}: ${violation}\nwith these faults only: ${hits.join(", ")}\n${journal.join("\n")}`)
}

const printInjected = ({ injected, runs }: Tally): boolean => {
  console.log("\ninjected faults:")
  for (const name of faultNames) console.log(`${String(injected[name] ?? 0).padStart(9)}  ${name}`)
  const rare = runs < usual_runs ? [] : faultNames.filter((name) => (injected[name] ?? 0) < enough)
  if (rare.length > 0) console.log(`injected less than ${enough} times: ${rare.join(", ")}`)
  return rare.length === 0
}

const printSituations = ({ situations }: Tally): void => {
  console.log("\nsituations they led to:")
  for (const [name, times] of Object.entries(situations).toSorted(([, a], [, b]) => b - a)) {
    console.log(`${String(times).padStart(9)}  ${name}`)
  }
}

const seed = whole("seed", 1)
const runs = whole("runs", values.seed === undefined ? usual_runs : 1)

if (values.record !== undefined) writeFileSync(values.record, playRecorded({ seed }).text)
if (values.journal === true) console.log(play({ seed, traced: true }).journal.join("\n"))

const began = performance.now()
const tally = await campaign({ from: seed, runs })
const allSeen = printInjected(tally)
printSituations(tally)
for (const failure of tally.failures.slice(0, shown_failures)) explain(failure.seed)
if (tally.failures.length > shown_failures) {
  console.log("\nfurther violations:")
  for (const { seed: failed, violation } of tally.failures.slice(shown_failures)) {
    console.log(`seed ${failed}: ${violation}`)
  }
}
console.log(
  `\nseeds ${seed} to ${seed + runs - 1}: ${tally.failures.length} of ${tally.runs} runs violate an invariant; ` +
    `${Math.round(tally.virtual_ms / hour_ms)} hours in ${((performance.now() - began) / 1000).toFixed(1)} s`
)
process.exitCode = tally.failures.length > 0 || !allSeen ? 1 : 0
