import { describe, expect, it } from "@effect/vitest"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { exitCodes } from "../../src/exitCodes.ts"
import { limits } from "../../src/limits.ts"
import { itWith } from "../support/needs.ts"

const name = "agentcom-sidecar@"
const unit = readFileSync(resolve("docs/systemd", `${name}.service`), "utf8")
const setting = (key: string) => RegExp(`^${key}=(.*)$`, "m").exec(unit)?.[1]

/** What systemd-analyze objects to. */
const objections = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "sidecar-unit-"))
  try {
    const file = join(folder, `${name}test.service`)
    writeFileSync(file, unit.replace("/usr/bin/node", process.execPath))
    const { stderr, stdout } = spawnSync("systemd-analyze", ["verify", "--man=no", file], { encoding: "utf8" })
    return `${stdout}${stderr}`.split("\n").filter((line) => line.includes(name)).join("\n")
  } finally {
    rmSync(folder, { recursive: true })
  }
}

describe("the systemd unit", () => {
  itWith("systemd-analyze", "is one that systemd accepts", () => {
    expect(objections()).toBe("")
  })

  it("leaves the agent at its work and gives the sidecar the time to stop", () => {
    expect(setting("KillMode")).toBe("process")
    expect(setting("OOMPolicy")).toBe("continue")
    expect(Number(setting("TimeoutStopSec")) * 1_000).toBeGreaterThan(limits.shutdown_ms)
  })

  it("keeps its NODE_ENV from the agent", () => {
    expect(unit).toContain("\nEnvironment=NODE_ENV=production\n")
    expect(unit).toContain("\nEnvironment=AGENTCOM_AGENT_NODE_ENV=\n")
  })

  it("starts the sidecar again except where that does not help, and without end", () => {
    expect(setting("Restart")).toBe("on-failure")
    expect(setting("RestartPreventExitStatus")).toBe(`${exitCodes.folderInUse} ${exitCodes.configuration}`)
    expect(setting("StartLimitIntervalSec")).toBe("0")
  })
})
