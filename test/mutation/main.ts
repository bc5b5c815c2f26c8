import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { allMutants, type Mutant } from "./mutants.ts"
import type { Verdict } from "./worker.ts"

/** What may catch a mutant, in this order: each sees only what the ones before let pass. */
const nets = [
  { name: "table", filters: ["test/domain", "test/actor"] },
  { name: "exhaustive check", filters: ["test/exhaustive"] },
  { name: "simulation", filters: ["test/simulation"] }
] as const

const workers = 2
const marker = "VERDICT "

/** Judges the mutants with these indices, dealt out to the workers. */
const judge = async (
  indices: ReadonlyArray<number>,
  filters: ReadonlyArray<string>
): Promise<ReadonlyArray<Verdict>> => {
  const verdicts: Array<Verdict> = []
  const shares = Array.from(
    { length: workers },
    (_, share) => indices.filter((_index, place) => place % workers === share)
  )
  await Promise.all(shares.map(async (share) => {
    const child = spawn(process.execPath, ["test/mutation/worker.ts", share.join(","), ...filters], {
      stdio: ["ignore", "pipe", "ignore"]
    })
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith(marker)) verdicts.push(JSON.parse(line.slice(marker.length)))
    }
  }))
  return verdicts
}

const inWords = ({ file, kind, line, original }: Mutant): string =>
  `${file}:${line} ${kind}: ${original.replaceAll(/\s+/g, " ").slice(0, 90)}`

const mutants = allMutants()
const [unchanged] = await judge([-1], nets[0].filters)
if (unchanged?.caughtBy !== null) {
  console.error(`without any change this fails: ${unchanged?.caughtBy ?? "the tests could not run"}`)
  process.exit(1)
}
let left: ReadonlyArray<number> = mutants.map((_, index) => index)
for (const { filters, name } of nets) {
  const verdicts = await judge(left, filters)
  const caught = verdicts.filter(({ caughtBy }) => caughtBy !== null)
  for (const { caughtBy, index } of caught) {
    const mutant = mutants[index]
    if (mutant !== undefined && process.argv.includes("--all")) {
      console.log(`${inWords(mutant)}\n    ${name}: ${caughtBy}`)
    }
  }
  console.log(`${name}: caught ${caught.length} of ${left.length}`)
  const gone = new Set(caught.map(({ index }) => index))
  left = left.filter((index) => !gone.has(index))
}
console.log(`\n${mutants.length - left.length} of ${mutants.length} mutants were caught; these were not:`)
for (const index of left) {
  const mutant = mutants[index]
  if (mutant !== undefined) console.log(`  ${inWords(mutant)}`)
}
