import { cpSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { type CliOptions, startVitest } from "vitest/node"
import { allMutants, apply, type Mutant } from "./mutants.ts"

/** What became of a mutant: the first test that failed, or null where it survived. */
export interface Verdict {
  readonly index: number
  readonly caughtBy: string | null
}

const errorText = "the tests could not run"

/** Runs the tests up to the first that fails, with `change` in place of the files that are loaded. */
const judge = async (
  filters: ReadonlyArray<string>,
  options: CliOptions,
  change: (path: string) => string | undefined
): Promise<string | null> => {
  const vitest = await startVitest("test", [...filters], {
    ...options,
    watch: false,
    bail: 1,
    reporters: [{}],
    maxWorkers: 1,
    fsModuleCache: false // it knows nothing of mutants, and would show one to the judge of another
  }, {
    logLevel: "silent",
    plugins: [{
      name: "mutant",
      enforce: "pre",
      transform: (_code, id) => {
        const code = change(id.split("?")[0] ?? id)
        return code === undefined ? undefined : { code, map: null }
      }
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

const inThisTree = (mutant: Mutant | undefined, filters: ReadonlyArray<string>) =>
  judge(
    filters,
    { isolate: false, fileParallelism: false, testTimeout: 5_000 },
    (path) => mutant !== undefined && path === resolve(mutant.file) ? apply(mutant) : undefined
  )

const inACopy = async (mutant: Mutant | undefined, filters: ReadonlyArray<string>): Promise<string | null> => {
  const root = mkdtempSync(join(tmpdir(), "mutant-"))
  for (const name of ["src", "test", "package.json", "tsconfig.json", "vitest.long.config.ts"]) {
    cpSync(name, join(root, name), { recursive: true })
  }
  symlinkSync(resolve("node_modules"), join(root, "node_modules"))
  if (mutant !== undefined) writeFileSync(join(root, mutant.file), apply(mutant))
  try {
    return await judge(filters, { root, config: join(root, "vitest.long.config.ts") }, () => undefined)
  } finally {
    rmSync(root, { recursive: true, force: true })
  }
}

const [indices = "", tree = "", ...filters] = process.argv.slice(2)
const mutants = allMutants()
for (const index of indices.split(",").map(Number)) {
  const caughtBy = await (tree === "copied" ? inACopy : inThisTree)(mutants[index], filters)
  const verdict: Verdict = { index, caughtBy }
  process.stdout.write(`\nVERDICT ${JSON.stringify(verdict)}\n`)
}
