import { parseArgs } from "node:util"
import { allMutants, type Mutant } from "../../mutation/mutants.ts"
import { sessions, simulated } from "./recordings.ts"
import { exercise, type Exercised, type Fate, type Fates, type Task, work } from "./work.ts"

const workers = 2

const { values } = parseArgs({ options: { seeds: { type: "string", default: "100" } } })

const inWords = ({ file, kind, line, original }: Mutant): string =>
  `${file}:${line} ${kind}: ${original.replaceAll(/\s+/g, " ").slice(0, 90)}`

const mutants = allMutants()
const ofRules = mutants.flatMap(({ file }, index) => file.startsWith("src/domain/") ? [index] : [])
const seeds = simulated(Number(values.seeds))

const hits = new Map<string, ReadonlySet<number>>()
await work<Exercised>([{ index: exercise, names: [...sessions, ...seeds] }], (_, answer = {}) => {
  for (const [name, indices] of Object.entries(answer)) hits.set(name, new Set(indices))
})
if (hits.size === 0) {
  console.error("the recordings could not be replayed without a change")
  process.exit(1)
}

type Judged = ReadonlyMap<number, Fates>

/** The fates of the mutants in the recordings that evaluate them. One that never ends counts as shown by all. */
const judged = async (indices: ReadonlyArray<number>, among: ReadonlyArray<string>): Promise<Judged> => {
  const fates = new Map<number, Fates>()
  const tasks = indices.flatMap((index) => {
    const comeToIt = among.filter((name) => hits.get(name)?.has(index))
    return comeToIt.length === 0 ? [] : [{ index, names: comeToIt }]
  })
  let endless = 0
  const told = (task: Task, answer: Fates | undefined) => {
    if (answer === undefined) endless++
    fates.set(task.index, answer ?? Object.fromEntries(task.names.map((name) => [name, "shown" as const])))
  }
  await Promise.all(Array.from({ length: workers }, () => work<Fates>(tasks, told)))
  if (endless > 0) console.log(`${endless} mutants never end, and count as shown`)
  return fates
}

const has = (fates: Judged, index: number, fate: Fate): boolean => Object.values(fates.get(index) ?? {}).includes(fate)

const inSessions = (fates: Judged, indices: ReadonlyArray<number>, fate: Fate): number =>
  indices.flatMap((index) => Object.values(fates.get(index) ?? {}).filter((one) => one === fate)).length

/** Prints mutants, each with the sessions of that fate. */
const print = (heading: string, indices: ReadonlyArray<number>, fates: Judged, fate?: Fate): void => {
  console.log(`\n${heading}: ${indices.length}`)
  for (const index of indices) {
    const mutant = mutants[index]
    if (mutant === undefined) continue
    const of = Object.entries(fates.get(index) ?? {}).flatMap(([name, one]) => one === fate ? [name] : [])
    const shown = has(fates, index, "shown") ? "shown by others" : "shown by none"
    console.log(`  ${inWords(mutant)}${fate === undefined ? "" : `\n      ${shown}, not by ${of.join(" ")}`}`)
  }
}

const count = (kind: string, among: ReadonlyArray<string>, indices: ReadonlyArray<number>, fates: Judged) => {
  const of = (fate: Fate) => indices.filter((index) => has(fates, index, fate))
  const [shown, otherwise, saved] = [of("shown"), of("otherwise"), of("saved otherwise")]
  const differing = new Set([...shown, ...otherwise, ...saved])
  const alike = of("alike").filter((index) => !differing.has(index))
  console.log(
    `${among.length} ${kind} evaluate ${fates.size} of ${indices.length} mutants.\n` +
      `In ${differing.size} of them a session takes a step otherwise, and the replay of ${shown.length} of these differs.\n` +
      `Each with each session that evaluates it: ${inSessions(fates, indices, "shown")} differ, ` +
      `${inSessions(fates, indices, "otherwise")} do not although a step is taken otherwise, ` +
      `${inSessions(fates, indices, "saved otherwise")} only save the same state more or less often, ` +
      `${inSessions(fates, indices, "alike")} take every step alike.`
  )
  return { alike, otherwise, saved, shown, never: indices.filter((index) => !fates.has(index)) }
}

const ofSessions = await judged(ofRules, sessions)
const real = count("recorded sessions", sessions, ofRules, ofSessions)
print("a step is taken otherwise, and a replay does not differ", real.otherwise, ofSessions, "otherwise")
print("the same state is only saved more or less often", real.saved, ofSessions, "saved otherwise")
print("every session that evaluates it takes every step alike", real.alike, ofSessions)
print("no session evaluates it", real.never, ofSessions)

const left = ofRules.filter((index) => !real.shown.includes(index))
const ofSeeds = await judged(left, seeds)
console.log("\nOf those that no recorded session shows,")
const played = count("simulated sessions", seeds, left, ofSeeds)
print("shown by none", left.filter((index) => !played.shown.includes(index)), ofSeeds)
