import { spawn } from "node:child_process"
import { createInterface } from "node:readline"
import { allMutants, type Mutant } from "./mutants.ts"
import type { Verdict } from "./worker.ts"

interface Net {
  readonly name: string
  /** Tests that start processes of their own see a change only in a tree of their own. */
  readonly tree: "shared" | "copied"
  readonly filters: ReadonlyArray<string>
}

/** What may catch a mutant, in this order: each sees only what the ones before let pass. */
const nets: ReadonlyArray<Net> = [
  { name: "table", tree: "shared", filters: ["test/domain", "test/actor"] },
  { name: "simulation", tree: "shared", filters: ["test/simulation"] },
  { name: "exhaustive check", tree: "copied", filters: ["test/exhaustive"] }
]

const workers = 2
const marker = "VERDICT "

/** Judges the mutants with these indices, dealt out to the workers. */
const judge = async (
  indices: ReadonlyArray<number>,
  { filters, tree }: Net
): Promise<ReadonlyArray<Verdict>> => {
  const verdicts: Array<Verdict> = []
  const shares = Array.from(
    { length: workers },
    (_, share) => indices.filter((_index, place) => place % workers === share)
  ).filter((share) => share.length > 0)
  await Promise.all(shares.map(async (share) => {
    const child = spawn(process.execPath, ["test/mutation/worker.ts", share.join(","), tree, ...filters], {
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
let left: ReadonlyArray<number> = mutants.map((_, index) => index)
for (const net of nets) {
  const { name } = net
  const [unchanged] = await judge([-1], net)
  if (unchanged?.caughtBy !== null) {
    console.error(`without any change the ${name} fails: ${unchanged?.caughtBy ?? "the tests could not run"}`)
    process.exit(1)
  }
  const verdicts = await judge(left, net)
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
