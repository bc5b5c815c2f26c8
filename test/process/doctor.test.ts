import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile, spawnSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { main, runCommand } from "../support/commands.ts"
import {
  atOnce,
  type Folder,
  frames,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  until,
  untilStatus
} from "../support/daemon.ts"

/** Runs a command to its end, without a pm2 that the machine may have. */
const run = (args: ReadonlyArray<string>, env: Record<string, string> = {}) =>
  runCommand(args, { PM2_HOME: join(tmpdir(), "no-such-pm2"), ...env })

interface Told {
  readonly well: boolean
  readonly findings: ReadonlyArray<
    { readonly check: string; readonly verdict: string; readonly found: string; readonly remedy: string | null }
  >
}

const doctor = (folder: Folder, env: Record<string, string> = {}) =>
  Effect.map(run(["doctor", "--json", "--config", folder.file("config.json")], env), ({ code, err, out }) => {
    const told: Told = JSON.parse(out)
    const verdicts = Object.fromEntries(told.findings.map(({ check, verdict }) => [check, verdict]))
    return { code, err, out, told, verdicts }
  })

const allWell = {
  configuration: "ok",
  folder: "ok",
  lock: "ok",
  writers: "ok",
  secrets: "ok",
  name: "ok",
  connection: "ok",
  proxy: "ok",
  tls: "ok",
  encryption: "ok",
  websocket: "ok",
  token: "ok",
  heartbeat: "ok",
  command: "ok",
  messages: "skipped",
  clock: "ok",
  disk: "ok",
  inbox: "skipped",
  watcher: "ok",
  pm2: "skipped",
  ...(process.platform === "linux" ? { reaper: "ok" } : {})
}

describe("doctor", () => {
  it.live("finds a sidecar well while its agent works, and neither disturbs it nor is heard of by the hub", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      yield* startDaemon(folder)
      const task = yield* submit(hub)
      yield* until("the agent has begun to wait", () => existsSync(folder.file("go.gate")))
      yield* until("that it works is in the log", () => folder.read("sidecar.log").includes("agent_started"))
      yield* until("the hub has heard of it", () => frames(hub, "out").some(({ type }) => type === "wake_result"))
      const seen = { frames: hub.frames().length, files: readdirSync(folder.path), log: folder.read("sidecar.log") }
      const { code, err, out, verdicts } = yield* doctor(folder)
      expect({ code, err }).toEqual({ code: 0, err: "" })
      expect(verdicts).toEqual(allWell)
      expect(out).not.toContain(token)
      expect(hub.frames()).toHaveLength(seen.frames)
      expect(readdirSync(folder.path)).toEqual(seen.files)
      expect(folder.read("sidecar.log")).toBe(seen.log)
      yield* folder.letGo
      yield* untilStatus(hub, task, "completed")
      expect(folder.wakes()).toHaveLength(1)
      expect(frames(hub, "out").filter(({ type }) => type === "identify")).toHaveLength(1)
    }).pipe(Effect.scoped))

  it.live("is well without a sidecar that runs, in lines for people", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      const { code, out } = yield* run(["doctor", "--config", folder.file("config.json")])
      expect(code).toBe(0)
      expect(out).toMatch(/^✓ configuration \S+config\.json is well-formed and complete\n/)
      expect(out).toContain(`– heartbeat     no sidecar runs in ${folder.path}\n`)
      expect(out.trimEnd().split("\n")).toHaveLength(Object.keys(allWell).length)
    }).pipe(Effect.scoped))

  it.live("exits with 1 and says what to do where something is wrong", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, {}, { token: "of-another-agent", wake_command: ["no-such-agent"] })
      const { code, told, verdicts } = yield* doctor(folder)
      expect(code).toBe(1)
      expect(told.well).toBe(false)
      expect(verdicts).toEqual({ ...allWell, token: "failed", command: "failed", heartbeat: "skipped", inbox: "ok" })
      expect(told.findings.every(({ remedy, verdict }) => (remedy === null) === (verdict !== "failed"))).toBe(true)
    }).pipe(Effect.scoped))

  it.live("is refused by a sidecar that runs with another configuration", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const daemon = yield* startDaemon(folder)
      yield* until("it is connected", () => daemon.events("identified").length > 0)
      writeFileSync(folder.file("config.json"), folder.read("config.json").replace(token, "another-token"))
      const { code, told } = yield* doctor(folder)
      expect(code).toBe(1)
      expect(told.findings.find(({ check }) => check === "heartbeat")).toMatchObject({
        verdict: "failed",
        remedy: "restart it, so that it runs with this configuration"
      })
    }).pipe(Effect.scoped))

  it.live("looks at the settings of a real pm2, and never starts one", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      const home = yield* Effect.acquireRelease(
        Effect.sync(() => mkdtempSync(join(tmpdir(), "doctor-pm2-"))),
        (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
      )
      const bin = resolve("node_modules/.bin")
      const env = { PM2_HOME: join(home, "pm2"), PATH: [bin, process.env["PATH"]].join(delimiter) }
      mkdirSync(env.PM2_HOME)
      expect((yield* doctor(folder, env)).verdicts["pm2"]).toBe("skipped")
      expect(readdirSync(env.PM2_HOME)).toEqual([])
      const pm2 = (...args: ReadonlyArray<string>) => {
        const options = { env: { ...process.env, ...env, SECRET_TOKEN: "known-to-pm2" }, cwd: folder.path }
        const { status } = spawnSync(process.execPath, [join(bin, "pm2"), ...args], options)
        expect(status).toBe(0)
      }
      yield* Effect.addFinalizer(() => Effect.sync(() => pm2("kill")))
      const args = ["run", "--config", folder.file("config.json")]
      const bad = { name: "sidecar", script: main, args, interpreter: process.execPath, cwd: folder.path }
      const good = { ...bad, treekill: false, kill_timeout: 3_000, stop_exit_codes: [73, 78, 79] }
      writeFileSync(join(home, "bad.config.cjs"), `module.exports = { apps: [${JSON.stringify(bad)}] }`)
      writeFileSync(join(home, "good.config.cjs"), `module.exports = { apps: [${JSON.stringify(good)}] }`)
      pm2("start", join(home, "bad.config.cjs"))
      const first = yield* doctor(folder, env)
      expect(first.told.findings.find(({ check }) => check === "pm2")).toMatchObject({
        verdict: "failed",
        found: expect.stringMatching(
          /treekill is not false.*kill_timeout is not above.*stop_exit_codes lacks 73, 78, 79/
        )
      })
      expect(first.out).not.toContain("known-to-pm2")
      pm2("delete", "sidecar")
      pm2("start", join(home, "good.config.cjs"))
      const second = yield* doctor(folder, env)
      expect(second.verdicts["pm2"]).toBe("ok")
    }).pipe(Effect.scoped))
})

describe("logs", () => {
  it.live("shows what became of a task, goes on with what is added, and is stopped by whoever asked", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce })
      const daemon = yield* startDaemon(folder)
      const config = folder.file("config.json")
      const first = yield* submit(hub)
      yield* untilStatus(hub, first, "completed")
      yield* until("it is over", () => daemon.events("report_acknowledged").length === 1)
      const all = yield* run(["logs", "--config", config])
      expect({ code: all.code, err: all.err }).toEqual({ code: 0, err: "" })
      expect(all.out).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} startup version=/)
      const ofTask = (yield* run(["logs", "--task", first.id, "--since", "1h", "--config", config])).out
      expect(ofTask).toContain(` task_received task_id=${first.id} generation=`)
      expect(ofTask).not.toContain(" startup ")
      expect((yield* run(["logs", "--since", "2999-01-01", "--config", config])).out).toBe("")
      expect(yield* run(["logs", "--since", "soon", "--config", config])).toMatchObject({
        code: 2,
        err: expect.stringContaining("--since must be how long ago")
      })
      const following = execFile(process.execPath, [main, "logs", "-f", "--config", config])
      let followed = ""
      following.stdout?.on("data", (text) => followed += String(text))
      yield* until("it has caught up", () => followed.includes(" report_acknowledged "))
      const second = yield* submit(hub)
      yield* until("it is shown", () => followed.includes(` task_received task_id=${second.id} `))
      const code = yield* Effect.callback<number | null>((resume) => {
        following.once("exit", (ended) => resume(Effect.succeed(ended)))
        following.kill("SIGINT")
      })
      expect(code).toBe(0)
    }).pipe(Effect.scoped))

  it.live("says that there is none where no sidecar has run", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      expect(yield* run(["logs", "--config", folder.file("config.json")])).toEqual({
        code: 0,
        out: "",
        err: `There is nothing in ${folder.file("sidecar.log")} yet.\n`
      })
    }).pipe(Effect.scoped))
})
