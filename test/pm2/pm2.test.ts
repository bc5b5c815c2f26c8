import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync
} from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, dirname, join, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import {
  type Folder,
  frames,
  isAlive,
  type LogLine,
  makeFolder,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"

const name = "agentcom-sidecar"
const firstDelay_ms = 1_000

/** The package as npm installs it into an agent's folder, with the ecosystem file copied beside `config.json`. */
const install = ({ path }: Folder) =>
  Effect.sync(() => {
    const program = join(path, "node_modules", name)
    mkdirSync(program, { recursive: true })
    for (const part of ["package.json", "dist", "scripts"]) {
      cpSync(resolve(part), join(program, part), { recursive: true })
    }
    symlinkSync(resolve("node_modules/@parcel"), join(path, "node_modules", "@parcel"))
    copyFileSync(resolve("ecosystem.config.cjs"), join(path, "ecosystem.config.cjs"))
  })

const pm2In = (home: string, cwd: string) => (...args: ReadonlyArray<string>): Effect.Effect<string> =>
  Effect.promise(() =>
    new Promise((settle, fail) =>
      execFile(process.execPath, [resolve("node_modules/pm2/bin/pm2"), ...args], {
        cwd,
        env: {
          ...process.env,
          PATH: [dirname(process.execPath), process.env["PATH"]].join(delimiter),
          PM2_HOME: home,
          NODE_ENV: undefined, // as in a user's shell; vitest has its own
          PM2_DISCRETE_MODE: "true",
          PM2_DISABLE_VERSION_CHECK: "true"
        }
      }, (error, stdout, stderr) =>
        error === null ? settle(stdout + stderr) : fail(new Error(`${args.join(" ")}: ${stdout}${stderr}`)))
    )
  )

const linesOf = (text: string): ReadonlyArray<LogLine> =>
  text.split("\n").filter((line) => line.startsWith("{")).map((line): LogLine => JSON.parse(line))

/** A pm2 with its own daemon, which ends with the scope and takes its sidecars with it. */
const makePm2 = Effect.fnUntraced(function*(folder: Folder) {
  yield* install(folder)
  const home = yield* Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "pm2-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true, maxRetries: 5 }))
  )
  const pm2 = pm2In(home, folder.path)
  const pidFile = join(home, "pm2.pid")
  yield* Effect.addFinalizer(() =>
    Effect.gen(function*() {
      const daemon = existsSync(pidFile) ? Number(readFileSync(pidFile, "utf8")) : undefined
      yield* pm2("kill")
      if (daemon !== undefined) yield* until("the end of pm2", () => !isAlive(daemon))
    })
  )
  const lines = (event: string) => linesOf(folder.read("sidecar.log")).filter((line) => line.event === event)
  const count = (event: string, times: number) => until(`${times} × ${event}`, () => lines(event).length >= times)
  const apps = Effect.map(
    pm2("jlist"),
    (json): ReadonlyArray<App> => JSON.parse(json.split("\n").find((line) => line.startsWith("[")) ?? "[]")
  )
  const app = (wanted = name) => Effect.map(apps, (all) => all.find((one) => one.name === wanted))
  const exits = (code: number) =>
    until(`exit ${code}`, () => readFileSync(join(home, "pm2.log"), "utf8").includes(`exited with code [${code}]`))
  return { pm2, lines, count, app, exits }
})

interface App {
  readonly name: string
  readonly pid: number
  readonly pm2_env: { readonly restart_time: number; readonly status: string; readonly exit_code?: number }
}

/** Longer than pm2 waits before the first restart. */
const waitForRestart = Effect.promise(() => wait(firstDelay_ms + 500))

describe("pm2 with ecosystem.config.cjs", () => {
  it.live(
    "supervises the sidecar itself, starts it again after a crash, and its logs can be read",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const { app, count, lines, pm2 } = yield* makePm2(folder)
        yield* pm2("start", "ecosystem.config.cjs")
        yield* count("identified", 1)
        const pid = (yield* app())?.pid ?? 0
        const [startup] = lines("startup")
        const [identify] = frames(hub, "out")
        expect(startup).toMatchObject({ pid, version: expect.stringMatching(/^\d+\.\d+\.\d+/) })
        expect(identify).toMatchObject({ type: "identify", client_version: startup?.["version"] })

        process.kill(pid, "SIGKILL")
        yield* count("identified", 2)
        expect(yield* app()).toMatchObject({ pm2_env: { restart_time: 1, status: "online" } })
        const logs = yield* pm2("logs", "--nostream", "--lines", "50", "--raw")
        expect(linesOf(logs).filter(({ event }) => event === "startup")).toHaveLength(2)
        expect(folder.read("logs/pm2-error.log")).toBe("")
        expect(folder.read("logs/pm2-out.log")).toContain("an npm installation does not update itself")
        for (const log of ["pm2-out.log", "pm2-error.log"]) {
          expect(statSync(folder.file(`logs/${log}`)).mode & 0o777).toBe(0o600)
        }
      })
  )

  it.live(
    "leaves the agent at its work through restart and stop, and its task is done once",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub, { before: "echo \"${NODE_ENV-none}\" > node-env" })
        const { app, count, pm2 } = yield* makePm2(folder)
        yield* pm2("start", "ecosystem.config.cjs")
        const task = yield* submit(hub)
        yield* count("agent_started", 1)
        expect(folder.read("node-env")).toBe("none\n")
        const [agent = 0] = folder.wakes(task.id)

        yield* pm2("restart", name)
        yield* count("identified", 2)
        expect(isAlive(agent)).toBe(true)

        yield* pm2("stop", name)
        yield* count("shutdown", 2)
        expect(isAlive(agent)).toBe(true)
        expect(yield* app()).toMatchObject({ pid: 0, pm2_env: { status: "stopped" } })
        yield* folder.letGo
        yield* until("the end of the agent", () => !isAlive(agent))

        yield* pm2("start", name)
        yield* untilStatus(hub, task, "completed")
        expect(folder.wakes()).toEqual([agent])
        expect(frames(hub, "out").filter(({ type }) => type === "task_complete")).toHaveLength(1)
      })
  )

  it.live(
    "does not start it again on a configuration error, when it was asked to stop, or in a folder another one holds",
    () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const folder = yield* makeFolder(hub)
        const { app, count, exits, lines, pm2 } = yield* makePm2(folder)
        const config = folder.read("config.json")
        yield* folder.write("config.json", "{")
        yield* pm2("start", "ecosystem.config.cjs")
        yield* exits(78)
        yield* waitForRestart
        expect(yield* app()).toMatchObject({ pid: 0, pm2_env: { restart_time: 0, exit_code: 78 } })
        expect(yield* pm2("logs", "--nostream", "--raw")).toContain("config.json")

        yield* folder.write("config.json", config)
        yield* pm2("restart", name)
        yield* count("identified", 1)

        // As an operator's kill or `drain` ends it, not pm2.
        process.kill((yield* app())?.pid ?? 0, "SIGTERM")
        yield* exits(79)
        yield* waitForRestart
        expect(yield* app()).toMatchObject({ pid: 0, pm2_env: { restart_time: 0, exit_code: 79 } })
        yield* pm2("restart", name)
        yield* count("identified", 2)

        yield* folder.write(
          "second.config.cjs",
          folder.read("ecosystem.config.cjs").replace(`name: "${name}"`, "name: \"second\"")
        )
        yield* pm2("start", "second.config.cjs")
        yield* exits(73)
        yield* waitForRestart
        expect(yield* app("second")).toMatchObject({ pid: 0, pm2_env: { restart_time: 0, exit_code: 73 } })
        expect(yield* app()).toMatchObject({ pm2_env: { status: "online" } })
        expect(lines("identified")).toHaveLength(2)
      })
  )
})
