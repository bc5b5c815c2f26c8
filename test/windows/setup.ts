import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import type { TestProject } from "vitest/node"
import { fetchNode, install } from "./tools.ts"
import { findWine, runToEnd, type Windows, wineEnvironment, wineMissing } from "./wine.ts"

declare module "vitest" {
  interface ProvidedContext {
    readonly windows: Windows
  }
}

/** A Windows of our own with node.exe and the built sidecar; gone, with all that runs in it, after the tests. */
export const setup = async ({ provide }: TestProject) => {
  const wine = findWine()
  if (wine === undefined) throw new Error(wineMissing)
  const folder = mkdtempSync(join(tmpdir(), "sidecar-windows-"))
  const [app, prefix] = [join(folder, "app"), join(folder, "prefix")]
  const env = wineEnvironment(prefix)
  const windows = { wine, app, prefix, node: fetchNode() }
  install(app)
  // It says on standard error that there is no 32-bit Windows.
  await runToEnd("/bin/sh", ["-c", `exec "$0" winecfg -v win10 2> "$1"`, wine, join(folder, "winecfg.log")], env)
  provide("windows", windows)
  return async () => {
    await runToEnd("/bin/sh", ["-c", `"$0" -k; "$0" -w; exit 0`, join(dirname(wine), "wineserver")], env)
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
  }
}
