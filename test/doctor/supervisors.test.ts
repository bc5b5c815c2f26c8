import { describe, expect, it } from "@effect/vitest"
import { createRequire } from "node:module"
import type { Subject } from "../../src/doctor/Check.ts"
import { appsIn, pm2Outcome } from "../../src/doctor/supervisor.ts"
import { granted, rights, serviceOutcome } from "../../src/doctor/windowsService.ts"
import { settings } from "../layers/hubRig.ts"

const subject: Subject = {
  config: "/agent/config.json",
  folder: "/agent",
  settings,
  final_exit_codes: [73, 78, 79]
}

describe("the settings of pm2", () => {
  const load: (path: string) => { readonly apps: ReadonlyArray<Record<string, unknown>> } = createRequire(
    import.meta.url
  )
  const [{ cwd: _, interpreter: __, ...ecosystem } = {}] = load("../../ecosystem.config.cjs").apps
  const place = {
    pm_exec_path: "/program/scripts/start.mjs",
    pm_cwd: "/agent",
    args: ["run", "--config", "/agent/config.json"]
  }

  /** What pm2 prints of a process with these settings, and of another that is none of ours. */
  const printed = (pm2_env: Record<string, unknown>): string => {
    const app = { pid: 1, name: "ours", pm2_env: { ...place, ...pm2_env, env: { SECRET: "s3cret" } } }
    const other = { pid: 2, name: "other", pm2_env: { pm_exec_path: "/other/main.js", pm_cwd: "/other" } }
    return `[PM2] Spawning PM2 daemon\n\n>>>> In-memory PM2 is out-of-date\n${JSON.stringify([app, other, {}])}\n`
  }
  const outcome = (pm2_env: Record<string, unknown>, windows = false) => pm2Outcome(printed(pm2_env), subject, windows)

  it("are ok as ecosystem.config.cjs has them", () => {
    expect(outcome({ ...ecosystem, ...place, exec_mode: "fork_mode" })).toMatchObject({ verdict: "ok", remedy: null })
  })

  const good = { treekill: false, kill_timeout: 3_000, stop_exit_codes: [73, 78, 79], exec_mode: "fork_mode" }
  const faults: ReadonlyArray<readonly [Record<string, unknown>, RegExp]> = [
    [{ treekill: true }, /treekill is not false/],
    [{ treekill: undefined }, /treekill is not false/],
    [{ kill_timeout: 500 }, /kill_timeout is not above 900/],
    [{ kill_timeout: undefined }, /kill_timeout is not above 900/],
    [{ stop_exit_codes: [73, 79] }, /stop_exit_codes lacks 78:/],
    [{ stop_exit_codes: "73" }, /stop_exit_codes lacks 78, 79:/],
    [{ stop_exit_codes: undefined }, /stop_exit_codes lacks 73, 78, 79:/],
    [{ stop_exit_codes: [0, 73, 78, 79] }, /stop_exit_codes has 0/],
    [{ exec_mode: "cluster_mode" }, /exec_mode is cluster/],
    [{ autorestart: false }, /autorestart is false/],
    [{ watch: true }, /watch is on/],
    [{ watch: ["x"] }, /watch is on/]
  ]
  it.each(faults)("are not ok with %j", (fault, what) => {
    const { found, remedy, verdict } = outcome({ ...good, ...fault })
    expect(verdict).toBe("failed")
    expect(found).toMatch(what)
    expect(found).not.toContain("s3cret")
    expect(remedy).toBe("take ecosystem.config.cjs: pm2 delete ours && pm2 start ecosystem.config.cjs && pm2 save")
    expect(outcome(good).verdict).toBe("ok")
  })

  it("have to let Windows ask for a stop", () => {
    expect(outcome(good, true)).toMatchObject({
      verdict: "failed",
      found: expect.stringMatching(/shutdown_with_message/)
    })
    expect(outcome({ ...good, shutdown_with_message: true }, true).verdict).toBe("ok")
  })

  it("are those of the process that runs this configuration, however it is given", () => {
    for (const args of [["run", "--config=config.json"], "run --config ./config.json", ["run"], undefined]) {
      expect(outcome({ ...good, args }).verdict).toBe("ok")
    }
    expect(outcome({ ...good, args: ["run", "--config", "/other/config.json"] }).verdict).toBe("skipped")
    expect(pm2Outcome("[]", subject, false).verdict).toBe("skipped")
    expect(appsIn("nonsense")).toEqual([])
  })
})

describe("the account of a Windows service", () => {
  const localService = "S-1-5-19"
  const user = "S-1-5-21-1-2-3-1001"
  const owners = "(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)"
  const descriptor = (entries: string) => `O:${user}G:DUD:PAI${owners}${entries}S:AI(AU;SAFA;FA;;;WD)`

  it("has the rights of itself and of the groups that services are in", () => {
    expect(granted(descriptor(""), localService)).toBe(0)
    expect(granted(descriptor(""), "S-1-5-18")).toBe(0x1f01ff)
    expect(granted(descriptor("(A;;0x1301bf;;;LS)"), localService)).toBe(0x1301bf)
    expect(granted(descriptor("(A;;FR;;;BU)"), localService)).toBe(0x120089)
    expect(granted(descriptor("(A;OICIIO;FA;;;LS)"), localService)).toBe(0) // only what is made in it
    expect(granted(descriptor(`(A;OICI;FA;;;${user})`), user)).toBe(0x1f01ff)
    expect(granted(descriptor("(A;;0x10000000;;;WD)"), localService)).toBe(0x100001ff | 0x1f01ff)
    expect(granted(descriptor("(A;;CCDCLC;;;AU)"), localService)).toBe(0x7)
  })

  it("has not what is denied to it", () => {
    const mask = granted(descriptor("(A;;FA;;;LS)(D;;DCLC;;;SU)"), localService)
    expect(mask & rights.read).not.toBe(0)
    expect(mask & (rights.add_file | rights.add_folder)).toBe(0)
  })

  const access = (folder: string, program: string | null) =>
    JSON.stringify({ service: "PM2", account: "NT AUTHORITY\\LOCAL SERVICE", sid: localService, folder, program })
  const folder = String.raw`C:\agent`
  const program = String.raw`C:\Users\me\claude.exe`

  it("may use the folder and run the command, or is told how to", () => {
    const modify = descriptor("(A;OICI;0x1301bf;;;LS)")
    const runnable = descriptor("(A;;0x1200a9;;;BU)")
    expect(serviceOutcome(access(modify, runnable), folder, program)).toEqual({
      verdict: "ok",
      found: `the service PM2 runs as NT AUTHORITY\\LOCAL SERVICE, which may use the folder and run ${program}`,
      remedy: null
    })
    expect(serviceOutcome(access(modify, null), folder, null).verdict).toBe("ok")
    expect(serviceOutcome(access(runnable, runnable), folder, program)).toMatchObject({
      verdict: "failed",
      found: expect.stringMatching(/may not write in C:\\agent/),
      remedy: `let it: icacls "C:\\agent" /grant "*S-1-5-19:(OI)(CI)M" /T`
    })
    expect(serviceOutcome(access(modify, descriptor("")), folder, program)).toMatchObject({
      verdict: "failed",
      found: expect.stringMatching(/may not run C:\\Users\\me\\claude\.exe/),
      remedy: expect.stringMatching(/install the program for all users/)
    })
  })

  it("is nobody's where there is no service, or Windows does not say", () => {
    expect(serviceOutcome("none\r\n", folder, null)).toMatchObject({
      verdict: "skipped",
      found: expect.stringMatching(/no service/)
    })
    expect(serviceOutcome("", folder, null)).toMatchObject({
      verdict: "skipped",
      found: expect.stringMatching(/does not say/)
    })
  })
})
