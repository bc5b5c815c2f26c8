import { defineConfig } from "vitest/config"

/** Runs of minutes that have to have the machine to themselves: `npm run test:long`. */
export default defineConfig({
  test: { include: ["test/long/**/*.test.ts", "test/exhaustive/**/*.test.ts"], maxWorkers: 1 }
})
