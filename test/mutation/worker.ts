import { resolve } from "node:path"
import { startVitest } from "vitest/node"
import { allMutants, apply, type Mutant } from "./mutants.ts"

/** What became of a mutant: the first test that failed, or null where it survived. */
export interface Verdict {
  readonly index: number
  readonly caughtBy: string | null
}

const errorText = "the tests could not run"

/** Runs the tests with one file changed, or none, up to the first that fails. */
const judge = async (mutant: Mutant | undefined, filters: ReadonlyArray<string>): Promise<string | null> => {
  const vitest = await startVitest("test", [...filters], {
    watch: false,
    bail: 1,
    reporters: [{}],
    isolate: false,
    fileParallelism: false,
    maxWorkers: 1,
    testTimeout: 5_000
  }, {
    logLevel: "silent",
    plugins: [{
      name: "mutant",
      enforce: "pre",
      transform: (_code, id) =>
        mutant !== undefined && id.split("?")[0] === resolve(mutant.file)
          ? { code: apply(mutant), map: null }
          : undefined
    }]
  })
  const modules = vitest.state.getTestModules()
  const failed = modules.flatMap((module) => [...module.children.allTests("failed")]).at(0)
  const broken = modules.some((module) => module.state() === "failed") || vitest.state.getUnhandledErrors().length > 0
  await vitest.close()
  process.exitCode = 0
  if (failed !== undefined) return failed.fullName
  return broken ? errorText : null
}

const [indices = "", ...filters] = process.argv.slice(2)
const mutants = allMutants()
for (const index of indices.split(",").map(Number)) {
  const verdict: Verdict = { index, caughtBy: await judge(mutants[index], filters) }
  process.stdout.write(`\nVERDICT ${JSON.stringify(verdict)}\n`)
}
