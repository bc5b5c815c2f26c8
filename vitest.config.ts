import { defineConfig } from "vitest/config"

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/long/**", "test/exhaustive/**", "test/agents/**"],
    testTimeout: 20_000,
    // The process tests spend their time waiting for real seconds to pass.
    maxWorkers: 4,
    coverage: { provider: "v8", include: ["src/domain/**"], thresholds: { branches: 100 } }
  }
})
