import { defineConfig } from "vitest/config"

/** The built sidecar on a Windows made by Wine: `npm run test:windows`. */
export default defineConfig({
  test: {
    include: ["test/windows/**/*.smoke.ts"],
    globalSetup: "test/windows/setup.ts",
    testTimeout: 180_000,
    maxWorkers: 2
  }
})
