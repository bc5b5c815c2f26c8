import { availableParallelism } from "node:os"
import { defineConfig } from "vitest/config"
import { BaseSequencer, type TestSpecification } from "vitest/node"
import { NotTested } from "./test/support/NotTested.ts"

/** All hubs of the tests are on this machine; what is tried through a proxy says so. */
const withoutProxy = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [[name, ""], [name.toLowerCase(), ""]])
)

/** Those that wait a minute for the real clock go first, so that nothing has to wait for them in the end. */
const waits = ({ moduleId }: TestSpecification): boolean =>
  /\/(?:faultsAnswers|faultsClock|faultsDisk|faultsLongWaits|messages(?:Killed|LongWaits|Many)|notReady|wakeRestart|wakeTable)\.test\.ts$/
    .test(moduleId)

class LongWaitsFirst extends BaseSequencer {
  override async sort(files: Array<TestSpecification>): Promise<Array<TestSpecification>> {
    // oxlint-disable-next-line unicorn/no-array-sort -- this is the sequencer's
    const sorted = await super.sort(files)
    return [...sorted.filter(waits), ...sorted.filter((file) => !waits(file))]
  }
}

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/long/**", "test/exhaustive/**", "test/agents/**"],
    // They bound a failure and nothing else: what a test waits for comes sooner on any machine.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    reporters: ["default", new NotTested()],
    // A process of its own for each file, which loads Effect anew, took a third of the processor time of all that is tested.
    // A test puts back what it changes of its process: the environment, a global, what a module remembers.
    isolate: false,
    env: withoutProxy,
    sequence: { sequencer: LongWaitsFirst },
    // The process tests spend their time waiting for real seconds to pass.
    maxWorkers: Math.min(6, 2 * availableParallelism()),
    maxConcurrency: 10, // of those that wait within a file; with five the last of them would wait for the first
    coverage: { provider: "v8", include: ["src/domain/**"], thresholds: { branches: 100 } }
  }
})
