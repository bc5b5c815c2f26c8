import type { Reporter, TestModule } from "vitest/node"

/** Why a test is left out, as `needs.ts` puts it into its title or that of its group. */
const need = /\(needs (.+?)\)(?: > |$)/

/** Says at the end of a run what was not tested, why, and how to have it tested. */
export class NotTested implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>): void {
    const skipped = modules.flatMap(({ children }) => [...children.allTests("skipped")])
    // A run of chosen tests skips the others, which is no news.
    const needed = skipped.flatMap(({ fullName }) => need.exec(fullName)?.[1] ?? [])
    for (const what of [...new Set(needed)].toSorted()) {
      const count = needed.filter((other) => other === what).length
      process.stdout.write(
        `not tested here: ${count} test${count === 1 ? "" : "s"} that need${count === 1 ? "s" : ""} ${what}\n`
      )
    }
  }
}
