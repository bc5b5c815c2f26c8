import { defineConfig } from "vitest/config"

/** All hubs of the tests are on this machine; what is tried through a proxy says so. */
const withoutProxy = Object.fromEntries(
  ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"].flatMap((name) => [[name, ""], [name.toLowerCase(), ""]])
)

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    exclude: ["test/long/**", "test/exhaustive/**", "test/agents/**"],
    testTimeout: 20_000,
    env: withoutProxy,
    // The process tests spend their time waiting for real seconds to pass.
    maxWorkers: 5,
    coverage: { provider: "v8", include: ["src/domain/**"], thresholds: { branches: 100 } }
  }
})
