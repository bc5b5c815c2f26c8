import { defineConfig } from "vitest/config"

/** Runs that are not part of `npm test`: those of minutes that have to have the machine to themselves, and real agents. */
export default defineConfig({
  test: {
    include: ["test/long/**/*.test.ts", "test/exhaustive/**/*.test.ts", "test/agents/**/*.test.ts"],
    maxWorkers: 1
  }
})
