import { spawnSync } from "node:child_process"
import { resolve } from "node:path"
import { findWine, wineMissing } from "./wine.ts"

if (findWine() === undefined) {
  process.stderr.write(wineMissing)
  process.exit(1)
}
const vitest = resolve("node_modules/vitest/vitest.mjs")
const args = [vitest, "run", "--config", "vitest.windows.config.ts", ...process.argv.slice(2)]
process.exit(spawnSync(process.execPath, args, { stdio: "inherit" }).status ?? 1)
