import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join, resolve } from "node:path"
import { agentFolder, sidecarProgram } from "./support.ts"

const token = "s3cret-of-the-cli-test"
const settings = { agent_id: "cli", token, wake_command: "true" }

/** A port of this machine that nothing listens on, or that `listening` holds for the scope. */
const aPort = (listening: boolean) =>
  Effect.acquireRelease(
    Effect.callback<{ readonly port: number; readonly close: Effect.Effect<void> }>((resume) => {
      const server = createServer().listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(
          Effect.succeed({ port, close: Effect.callback((closed) => void server.close(() => closed(Effect.void))) })
        )
      })
    }).pipe(Effect.tap(({ close }) => listening ? Effect.void : close)),
    ({ close }) => listening ? close : Effect.void
  ).pipe(Effect.map(({ port }) => port))

describe("agentcom-sidecar", () => {
  it.live("--version prints the version of package.json, and --help how to use it", () =>
    Effect.gen(function*() {
      const { version }: { readonly version: string } = JSON.parse(readFileSync("package.json", "utf8"))
      const asked = yield* sidecarProgram(["--version"])
      expect(yield* asked.ended).toBe(0)
      expect(asked.output()).toBe(`${version}\n`)
      const help = yield* sidecarProgram(["--help"])
      expect(yield* help.ended).toBe(0)
      expect(help.output()).toContain("Usage: agentcom-sidecar [command] [options]")
    }))

  it.live("says in one sentence how it was misused, and exits with 2", () =>
    Effect.gen(function*() {
      const program = yield* sidecarProgram(["--confg", "x"])
      expect(yield* program.ended).toBe(2)
      expect(program.output()).toBe("")
      expect(program.errors()).toBe(
        "agentcom-sidecar: there is no option --confg; did you mean --config? (see agentcom-sidecar --help)\n"
      )
    }))
})

describe("agentcom-sidecar run", () => {
  it.live("without a config.json names the example to copy, where it is", () =>
    Effect.gen(function*() {
      const folder = yield* agentFolder(settings)
      const program = yield* sidecarProgram(["--config", "none.json"], folder)
      expect(yield* program.ended).toBe(78)
      expect(program.errors()).toContain(`: cp ${resolve("config.example.json")} none.json\n`)
    }))

  it.live("reads ./config.json, tells everything that is wrong in it and exits with 78", () =>
    Effect.gen(function*() {
      const folder = yield* agentFolder({ ...settings, agent_id: "", hub_ur: "ws://127.0.0.1:1/ws" })
      const program = yield* sidecarProgram([], folder)
      expect(yield* program.ended).toBe(78)
      expect(program.output()).toBe("")
      expect(program.errors()).toBe(
        "config.json: hub_ur: is not a key of the configuration; did you mean hub_url?\n" +
          "config.json: agent_id: must be one word of letters, digits and . _ : @ -\n" +
          "config.json: hub_url: is missing\n"
      )
    }))

  it.live("without a config.json names the command that makes one", () =>
    Effect.gen(function*() {
      const folder = yield* agentFolder({})
      const program = yield* sidecarProgram(["run", "--config", "other.json"], folder)
      expect(yield* program.ended).toBe(78)
      expect(program.errors()).toMatch(
        /^other\.json: there is no such file; .*: (?:cp|copy) \S*config\.example\.json other\.json\n$/
      )
    }))

  it.live("logs its start and its end, to the file and standard output alike, never with the token", () =>
    Effect.gen(function*() {
      const hub_url = `ws://127.0.0.1:${yield* aPort(false)}/ws`
      const folder = yield* agentFolder({ ...settings, hub_url })
      const program = yield* sidecarProgram(["run", "--config", join(folder, "config.json")])
      yield* program.shows("reconnect_scheduled")
      yield* program.signal("SIGTERM")
      expect(yield* program.ended).toBe(0)
      const lines = program.output().trimEnd().split("\n").map((line): Record<string, unknown> => JSON.parse(line))
      expect(lines[0]).toMatchObject({ event: "startup", agent_id: "cli", pid: program.child.pid, hub_url })
      expect(lines.find(({ event }) => event === "shutdown")).toMatchObject({ reason: "SIGTERM" })
      expect(readFileSync(join(folder, "sidecar.log"), "utf8")).toBe(program.output())
      expect(program.output() + program.errors()).not.toContain(token)
    }))

  it.live("goes on when nobody reads its standard output any more", () =>
    Effect.gen(function*() {
      const hub_url = `ws://127.0.0.1:${yield* aPort(false)}/ws`
      const folder = yield* agentFolder({ ...settings, hub_url })
      const program = yield* sidecarProgram(["run"], folder)
      yield* program.shows("startup")
      program.child.stdout?.destroy()
      yield* program.shows("standard output cannot be written, the work goes on without that log: write EPIPE\n")
      yield* program.signal("SIGTERM")
      expect(yield* program.ended).toBe(0)
      expect(readFileSync(join(folder, "sidecar.log"), "utf8")).toContain("\"event\":\"shutdown\"")
    }))
})

describe("agentcom-sidecar dev-hub", () => {
  it.live("tells where it listens and then every frame, a JSON line each, until it is stopped", () =>
    Effect.gen(function*() {
      const hub = yield* sidecarProgram(["dev-hub", "--port", "0", "--time-scale", "10"])
      yield* hub.shows("listening")
      const { http, listening }: { readonly http: string; readonly listening: string } = JSON.parse(hub.output())
      const answer = yield* Effect.promise(() =>
        fetch(`${http}/api/onboard/register`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify({ agent_id: "cli" })
        }).then((response) => response.text())
      )
      const given: { readonly token: string } = JSON.parse(answer)
      const folder = yield* agentFolder({ ...settings, token: given.token, hub_url: listening })
      const sidecar = yield* sidecarProgram(["run"], folder)
      yield* sidecar.shows("\"event\":\"identified\"")
      yield* hub.shows("\"msg\":{\"type\":\"identified\"")
      const [, ...frames] = hub.output().trimEnd().split("\n").map((line): Record<string, unknown> => JSON.parse(line))
      expect(frames[0]).toMatchObject({ agent: "cli", dir: "out", msg: { type: "identify", token: "[REDACTED]" } })
      expect(frames[1]).toMatchObject({ agent: "cli", dir: "in", msg: { type: "identified" } })
      yield* hub.signal("SIGINT")
      expect(yield* hub.ended).toBe(0)
    }))

  it.live("says in one sentence that its port is in use, and exits with 69", () =>
    Effect.gen(function*() {
      const port = yield* aPort(true)
      const hub = yield* sidecarProgram(["dev-hub", "--port", String(port)])
      expect(yield* hub.ended).toBe(69)
      expect(hub.errors()).toBe(`agentcom-sidecar: port ${port} is in use; choose another with --port\n`)
    }))

  it.live("refuses a port, a time scale or a cost that cannot be, and exits with 2", () =>
    Effect.gen(function*() {
      for (const args of [["--port", "70000"], ["--port", "x"], ["--time-scale", "0"], ["--message-cost=-1"]]) {
        const hub = yield* sidecarProgram(["dev-hub", ...args])
        expect(yield* hub.ended).toBe(2)
        expect(hub.errors()).toMatch(/^agentcom-sidecar: --[\w-]+ must be [^\n]+\n$/)
      }
    }))
})
