import * as Effect from "effect/Effect"
import { cpSync, mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { nameOf } from "./kills.ts"
import { runAgainInside } from "./namespace.ts"
import { type Options, readOptions } from "./options.ts"
import { planFor } from "./plan.ts"
import { measure, type Outcome, runKill } from "./runs.ts"
import { gapsOf, tableOf } from "./table.ts"

/** A copy of the built daemon, which no other build can replace while the campaign runs. */
const copyOfDist = Effect.acquireRelease(
  Effect.sync(() => {
    const folder = mkdtempSync(join(tmpdir(), "crashtest-dist-"))
    cpSync(resolve("dist"), join(folder, "dist"), { recursive: true })
    cpSync(resolve("package.json"), join(folder, "package.json"))
    symlinkSync(resolve("node_modules"), join(folder, "node_modules"))
    return folder
  }),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true }))
).pipe(Effect.map((folder) => join(folder, "dist", "main.js")))

const say = (line: string): void => void process.stdout.write(`${line}\n`)

const sayFaults = ({ faults, kept, kill, killed }: Outcome): void => {
  for (const { kind, what } of faults) {
    say(`${kind} at ${nameOf(kill)}, killed at ${killed.join(", ") || "no time"}: ${what}`)
  }
  if (kept !== undefined) say(`  its folder is kept as ${kept}; again: npm run crashtest -- --only ${nameOf(kill)}`)
}

const campaign = (options: Options) =>
  Effect.gen(function*() {
    const main = yield* copyOfDist
    const measured = new Map(
      yield* Effect.forEach(
        options.scenarios,
        (scenario) => Effect.map(measure(main, scenario), (made) => [scenario, made] as const)
      )
    )
    const plan = planFor(measured, options)
    const outcomes: Array<Outcome> = []
    const work = Effect.gen(function*() {
      for (let kill = plan.next(); kill !== undefined; kill = plan.next()) {
        const outcome = yield* runKill(main, kill)
        if (outcome.killed.length === 0) plan.survived(kill)
        outcomes.push(outcome)
        sayFaults(outcome)
        if (outcomes.length % 100 === 0) say(`${outcomes.length} runs …`)
      }
    })
    yield* Effect.all(Array.from({ length: options.jobs }, () => work), { concurrency: "unbounded" })
    return { measured, outcomes }
  })

const options = readOptions(process.argv.slice(2))
const exitCodeInside = runAgainInside()
if (exitCodeInside !== undefined) process.exit(exitCodeInside)
const begun = performance.now()
const { measured, outcomes } = await Effect.runPromise(Effect.scoped(campaign(options)))
const gaps = options.sample === undefined && options.only.length === 0 ? gapsOf(measured, outcomes) : []
say(tableOf(measured, outcomes))
for (const gap of gaps) say(`not covered: ${gap}`)
const slowest = Math.max(0, ...outcomes.map(({ took_ms }) => took_ms))
const faulty = outcomes.filter(({ faults }) => faults.length > 0).length
const seconds = Math.round((performance.now() - begun) / 1_000)
say(
  `${outcomes.length} runs, ${outcomes.flatMap(({ killed }) => killed).length} kills, ${faulty} runs with a fault; ` +
    `${seconds} s, the slowest run ${Math.round(slowest)} ms; seed ${options.seed}`
)
process.exit(faulty > 0 || gaps.length > 0 ? 1 : 0)
