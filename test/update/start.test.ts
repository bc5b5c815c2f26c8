import { afterAll, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { isAlive, until } from "../support/daemon.ts"
import { describeWith, isThere, needing } from "../support/needs.ts"
import { makeScene, program, ran, real, removeTemplate, type Scene, withDependency } from "./scene.ts"

afterAll(removeTemplate)

/** The start script left running; killed with the scope. */
const starting = ({ PATH, box, main }: Scene, env: Record<string, string> = {}) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [main, "work"], {
        cwd: box,
        env: { ...process.env, GIT_CONFIG_GLOBAL: "/dev/null", PATH, ...env },
        stdio: ["ignore", "pipe", "inherit", "ipc"]
      })
      let output = ""
      child.stdout?.on("data", (data) => output += String(data))
      const end = once(child, "exit").then(() => child.exitCode ?? child.signalCode)
      return {
        child,
        output: () => output,
        shows: (text: RegExp) => until(String(text), () => text.exec(output)?.[1]),
        ended: Effect.promise(() => end)
      }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** Takes away what replaces a process, as on Windows and in an older Node.js. */
const withoutExec = ({ path }: Scene) => {
  const file = join(path, "without-exec.cjs")
  writeFileSync(file, "process.execve = undefined\n")
  return { NODE_OPTIONS: `--require ${file}` }
}

describeWith("git", "the start script", () => {
  it.live("becomes the sidecar: the process is the same, and so are its signals and its end", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const start = yield* starting(scene)
      expect(Number(yield* start.shows(/pid (\d+)/))).toBe(start.child.pid)
      start.child.kill("SIGTERM")
      expect(yield* start.ended).toBe(7)
      expect(start.output()).toContain("stopped by SIGTERM")
    }))

  it.live("passes on signals, messages and the exit code where a process cannot be replaced", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const env = withoutExec(scene)
      for (const stop of ["SIGTERM", "shutdown"] as const) {
        const start = yield* starting(scene, env)
        const pid = Number(yield* start.shows(/pid (\d+)/))
        expect(pid).not.toBe(start.child.pid)
        if (stop === "SIGTERM") start.child.kill(stop)
        else start.child.send(stop)
        expect(yield* start.ended).toBe(7)
        expect(start.output()).toContain(`stopped by ${stop}`)
        expect(isAlive(pid)).toBe(false)
      }
      expect((yield* scene.start(["exit", "73"], env)).code).toBe(73)
    }))

  it.live("ends at once with 0 when it is stopped during an update, which goes on at no point", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const file = join(scene.path, "build.pid")
      yield* scene.push({ "src/main.js": `${program("v2")}\n// hangs ${file}` })
      for (const stop of ["SIGINT", "shutdown"] as const) {
        const start = yield* starting(scene)
        const pid = yield* until("the build", () => existsSync(file) && Number(readFileSync(file, "utf8")))
        if (stop === "SIGINT") start.child.kill(stop)
        else start.child.send(stop)
        expect(yield* start.ended).toBe(0)
        expect(start.output()).toBe("")
        expect(isAlive(pid)).toBe(false)
        writeFileSync(file, "")
      }
    }))

  it.live("hands the sidecar its environment, and git and npm none of its secrets", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      const log = join(scene.path, "environment.log")
      for (const name of ["git", "npm"]) {
        yield* scene.shim(name, `env >> "${log}"\n${real(name)}`)
      }
      const source = program("v2").replace("import", "console.log(process.env.AGENTCOM_TOKEN)\nimport")
      yield* scene.push({ ...withDependency(scene.dev, "2.0.0"), "src/main.js": source })
      const { output } = yield* scene.start([], { AGENTCOM_TOKEN: "s3cret", AGENT_API_KEY: "s3cret" })
      expect(output).toContain("s3cret\nran v2")
      const environment = readFileSync(log, "utf8")
      expect(environment).toContain("GIT_TERMINAL_PROMPT=0")
      expect(environment).not.toContain("s3cret")
    }))

  it.live("says what to do where nothing is built, and ends as for a configuration error", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      rmSync(join(scene.box, "dist"), { recursive: true })
      const { code, output } = yield* scene.start([], { AGENTCOM_UPDATE_TIMEOUT_MS: "0" })
      expect(code).toBe(78)
      expect(output).toContain("run npm ci in")
    }))

  it.live("lets two starts at once make the new version only once", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.shim("npm", `echo "$*" >> "${scene.path}/npm.log"\n${real("npm")}`)
      yield* scene.push({ "src/main.js": program("v2") })
      const both = yield* Effect.all([scene.start(), scene.start()], { concurrency: 2 })
      for (const { output } of both) expect(output).toContain("ran v2")
      expect(readFileSync(join(scene.path, "npm.log"), "utf8")).toBe("run build\n")
    }))

  const hostile = "printf 'fatal: \\033]0;owned\\007\\302\\2332J\\342\\200\\256' >&2; exit 128"
  const harmless = /fatal: \\u001b\]0;owned\\u0007\\u009b2J\\u202e/

  it.live("lets git's words move nothing where they are shown", () =>
    Effect.gen(function*() {
      const scene = yield* makeScene
      yield* scene.shim("git", hostile)
      expect((yield* scene.start([])).output).toMatch(harmless)
    }))

  it.live.runIf(isThere("script"))(
    needing("script", "lets git's words move nothing on a terminal"),
    () =>
      Effect.gen(function*() {
        const scene = yield* makeScene
        yield* scene.shim("git", hostile)
        const shell = `"${process.execPath}" "${scene.main}"`
        const { output } = yield* Effect.promise(() =>
          ran("script", ["-qec", shell, "/dev/null"], scene.box, { PATH: scene.PATH })
        )
        expect(output).toMatch(harmless)
        expect(["\u0007", "\u009b", "\u202e"].filter((sign) => output.includes(sign))).toEqual([])
      })
  )
})
