import { describe, expect, it } from "@effect/vitest"
import { existsSync } from "node:fs"
import { createRequire } from "node:module"
import { codeUnderPm2, exitCodes } from "../../src/exitCodes.ts"
import { limits } from "../../src/limits.ts"

const load: (path: string) => { readonly apps: ReadonlyArray<Record<string, unknown>> } = createRequire(import.meta.url)

describe("ecosystem.config.cjs", () => {
  const [app = {}] = load("../../ecosystem.config.cjs").apps

  it("lets pm2 restart the sidecar except where that fixes nothing", () => {
    const { configuration, folderInUse, stopped, stoppedUnderPm2 } = exitCodes
    expect(app["stop_exit_codes"]).toEqual([folderInUse, configuration, stoppedUnderPm2])
    expect(codeUnderPm2(stopped, { pm_id: "0" })).toBe(stoppedUnderPm2)
    expect(app["exp_backoff_restart_delay"]).toBeGreaterThan(0)
  })

  it("changes no other exit code under pm2, and none elsewhere", () => {
    for (const code of Object.values(exitCodes)) {
      expect(codeUnderPm2(code, {})).toBe(code)
      if (code !== exitCodes.stopped) expect(codeUnderPm2(code, { pm_id: "0" })).toBe(code)
    }
  })

  it("gives the sidecar the time to stop, and leaves the woken agent alone", () => {
    expect(app["kill_timeout"]).toBeGreaterThan(limits.shutdown_ms)
    expect(app["treekill"]).toBe(false)
  })

  it("tells the sidecar which NODE_ENV is the user's own, as the one it sets is not for the agent", () => {
    const own = process.env["NODE_ENV"] ?? ""
    expect(app["env"]).toEqual({ NODE_ENV: "production", AGENTCOM_AGENT_NODE_ENV: own })
  })

  it("names a script and a Node.js that are there", () => {
    expect(existsSync(String(app["script"]))).toBe(true)
    expect(existsSync(String(app["interpreter"]))).toBe(true)
  })
})
