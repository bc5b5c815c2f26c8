import { describe, expect, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { exitCodes } from "../../src/cli/exitCodes.ts"
import { limits } from "../../src/limits.ts"

const load: (path: string) => { readonly apps: ReadonlyArray<Record<string, unknown>> } = createRequire(import.meta.url)

describe("ecosystem.config.cjs", () => {
  const [app = {}] = load("../../ecosystem.config.cjs").apps

  it("lets pm2 restart the sidecar except where that mends nothing", () => {
    const { configuration, folderInUse, stopped } = exitCodes
    expect(app["stop_exit_codes"]).toEqual([stopped, folderInUse, configuration])
    expect(app["exp_backoff_restart_delay"]).toBeGreaterThan(0)
  })

  it("gives the sidecar the time to stop, and leaves the woken agent alone", () => {
    expect(app["kill_timeout"]).toBeGreaterThan(limits.shutdown_ms)
    expect(app["treekill"]).toBe(false)
  })

  it("names a script and a Node.js that are there", () => {
    expect(existsSync(String(app["script"]))).toBe(true)
    expect(existsSync(String(app["interpreter"]))).toBe(true)
  })
})
