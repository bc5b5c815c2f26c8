import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import type { RequestListener } from "node:http"
import { tmpdir } from "node:os"
import { delimiter, join, resolve } from "node:path"
import { TLSSocket } from "node:tls"
import { clientCa, startServer } from "../layers/hubServer.ts"
import { main, runCommand } from "../support/commands.ts"
import {
  agentId,
  frames,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  token,
  until,
  untilStatus
} from "../support/daemon.ts"
import { startAtWork } from "../support/outcomes.ts"

/** What of a hub's API `init` needs, for whoever shows a certificate that is known. */
const registry: RequestListener = ({ method, socket }, response) => {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return void response.writeHead(403).end()
  response.end(JSON.stringify(method === "POST" ? { token: "given once" } : { messages: [] }))
}

const run = (...args: ReadonlyArray<string>) => runCommand(args)

/** An agent at work, as its sidecar knows. */
const startWorking = Effect.gen(function*() {
  const all = yield* startAtWork()
  yield* until("the sidecar knows", () => all.daemon.events("agent_started").length > 0)
  return all
})

describe("status", () => {
  it.live("tells what a running sidecar is at, to people and to machines", () =>
    Effect.gen(function*() {
      const { daemon, folder, task } = yield* startWorking
      const config = folder.file("config.json")
      const json: unknown = JSON.parse((yield* run("status", "--json", "--config", config)).out)
      expect(json).toMatchObject({
        running: true,
        pid: daemon.pid,
        agent_id: agentId,
        connection: { phase: "identified" },
        task: { task_id: task.id, status: "working", wake_attempts: 1, agent_alive: true },
        counters: { connections: 1, tasks_received: 1, wakes: 1 }
      })
      const { code, err, out } = yield* run("status", "--config", config)
      expect(code).toBe(0)
      expect(err).toBe("")
      expect(out).toContain(`task      ${task.id} working for`)
      expect(`${JSON.stringify(json)}${out}`).not.toContain(token)
    }).pipe(Effect.scoped))

  it.live("reads the state file where no sidecar runs, and says so", () =>
    Effect.gen(function*() {
      const { daemon, folder, task } = yield* startWorking
      yield* daemon.kill
      const { code, out } = yield* run("status", "--config", folder.file("config.json"))
      expect(code).toBe(0)
      expect(out).toMatch(new RegExp(`^No sidecar runs in .*; its queue.json holds ${task.id}, working`))
    }).pipe(Effect.scoped))

  it.live("says so where config.json holds another token than it runs with", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      yield* startDaemon(folder)
      yield* until("it holds its folder", () => folder.read("sidecar.log").includes("identified"))
      const other = folder.file("other.json")
      writeFileSync(other, folder.read("config.json").replace(token, "another-token"))
      const { code, err, out } = yield* run("status", "--config", other)
      expect({ code, err }).toEqual({ code: 0, err: "" })
      expect(out).toContain("token     config.json holds another token than the one it runs with")
    }).pipe(Effect.scoped))
})

describe("drain", () => {
  it.live("lets the task be finished, takes no other, and ends the sidecar with 0", () =>
    Effect.gen(function*() {
      const { daemon, folder, hub, task } = yield* startWorking
      const [ended] = yield* Effect.all([
        run("drain", "--config", folder.file("config.json")),
        until("it drains", () => daemon.events("draining").length > 0).pipe(
          Effect.andThen(submit(hub)),
          Effect.andThen(folder.letGo)
        )
      ], { concurrency: "unbounded" })
      expect(ended).toMatchObject({ code: 0, err: "" })
      expect(ended.out).toContain(`it finishes ${task.id} first`)
      expect(yield* daemon.ended).toBe(0)
      yield* untilStatus(hub, task, "completed")
      expect(folder.wakes()).toHaveLength(1)
    }).pipe(Effect.scoped))

  it.live(
    "is what a restart that the hub wants begins with: announced, the task finished, and ended with 75",
    () =>
      Effect.gen(function*() {
        const { daemon, folder, hub, task } = yield* startWorking
        yield* hub.send(agentId, { type: "restart_sidecar", reason: "a new version" })
        yield* until("it is announced", () => frames(hub, "out").some(({ type }) => type === "agent_restarting"))
        yield* until("it drains", () => daemon.events("draining").length > 0)
        expect(daemon.events("draining")).toMatchObject([{ exit_code: 75 }])
        const next = yield* submit(hub)
        yield* folder.letGo
        expect(yield* daemon.ended).toBe(75)
        expect(hub.task(task.id)?.status).toBe("completed")
        expect(folder.wakes()).toHaveLength(1)
        const again = yield* startDaemon(folder)
        yield* untilStatus(hub, next, "completed")
        expect(again.events("wake_attempt")).toMatchObject([{ task_id: next.id, attempt: 1 }])
      }).pipe(Effect.scoped)
  )

  it.live("has nothing to do where no sidecar runs", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const { code, out } = yield* run("drain", "--config", folder.file("config.json"))
      expect(code).toBe(0)
      expect(out).toMatch(/^No sidecar runs in /)
    }).pipe(Effect.scoped))
})

describe("init", () => {
  const newFolder = Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), "init-test-"))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

  it.live("registers a new agent, and what it writes runs", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const path = join(yield* newFolder, "new", "config.json")
      const args = ["--yes", "--hub-url", hub.url, "--agent-id", "novice", "--type", "claude", "--capabilities", "a, b"]
      const { code, err, out } = yield* run("init", ...args, "--config", path)
      expect({ code, err }).toEqual({ code: 0, err: "" })
      expect(statSync(path).mode & 0o777).toBe(0o600)
      const config = JSON.parse(readFileSync(path, "utf8"))
      expect(config).toMatchObject({ agent_id: "novice", hub_url: hub.url, capabilities: ["a", "b"] })
      expect(out).not.toContain(config.token)
      expect(config).toMatchObject({
        agent_dir: "./work",
        wake_command: expect.arrayContaining(["exec", "claude", "acceptEdits"])
      })
      const settings = readFileSync(join(path, "..", "work", ".claude", "settings.json"), "utf8")
      expect(settings).toContain(`Read(/${path})`)
      expect(hub.frames()).toEqual([]) // it never identified
      // The agent that it wakes is another's program, which this machine need not have.
      const bin = yield* newFolder
      writeFileSync(join(bin, "claude"), "", { mode: 0o755 })
      const PATH = `${bin}${delimiter}${process.env["PATH"]}`
      const daemon = execFile(process.execPath, [main, "run", "--config", path], { env: { ...process.env, PATH } })
      yield* until("it is identified", () => hub.frames().some(({ agent }) => agent === "novice"))
      yield* Effect.callback<void>((resume) => {
        daemon.once("exit", () => resume(Effect.void))
        daemon.kill()
      })
    }).pipe(Effect.scoped))

  const installed: ReadonlyArray<readonly [programs: ReadonlyArray<string>, proposed: string]> = [
    [["codex", "qwen"], "codex"],
    [["script"], "openclaw"], // every Linux has a program of that name
    [[], "openclaw"]
  ]
  for (const [programs, proposed] of installed) {
    it.live(`proposes ${proposed} where there is ${programs.join(" and ") || "no agent"}`, () =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const bin = yield* newFolder
        for (const name of programs) writeFileSync(join(bin, name), "", { mode: 0o755 })
        const path = join(bin, "config.json")
        const args = ["--yes", "--hub-url", hub.url, "--agent-id", "novice", "--config", path]
        expect((yield* runCommand(["init", ...args], { PATH: bin })).code).toBe(0)
        expect(JSON.parse(readFileSync(path, "utf8")).wake_command).toContain(proposed)
      }).pipe(Effect.scoped))
  }

  it.live("never overwrites a configuration, and then registers nobody", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const path = join(yield* newFolder, "config.json")
      writeFileSync(path, "mine")
      const { code, err } = yield* run("init", "--yes", "--hub-url", hub.url, "--agent-id", "novice", "--config", path)
      expect(code).toBe(78)
      expect(err).toContain("is there already and stays as it is")
      expect(readFileSync(path, "utf8")).toBe("mine")
      const second = yield* run("init", "--yes", "--hub-url", hub.url, "--agent-id", "novice", "--config", `${path}.2`)
      expect(second.code).toBe(0)
    }).pipe(Effect.scoped))

  const refusals: ReadonlyArray<readonly [what: string, args: ReadonlyArray<string>, code: number, says: string]> = [
    ["a name the hub knows", ["--agent-id", agentId], 69, `the hub knows an agent ${agentId} already`],
    ["a type there is not", ["--agent-id", "x", "--type", "claud"], 2, "did you mean claude?"],
    ["a name that cannot be", ["--agent-id", "two words"], 2, "init: agent_id: must be one word"]
  ]
  it.live.each(refusals)(
    "says what to do about %s, and leaves nothing behind",
    ([, args, exitCode, says]) =>
      Effect.gen(function*() {
        const hub = yield* startHub()
        const path = join(yield* newFolder, "config.json")
        const { code, err } = yield* run("init", "--yes", "--hub-url", hub.url, ...args, "--config", path)
        expect(code).toBe(exitCode)
        expect(err).toContain(says)
        expect(existsSync(path)).toBe(false)
      }).pipe(Effect.scoped)
  )

  it.live("takes the token of an agent that is registered already, and refuses a wrong one", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* newFolder
      const file = join(folder, "token")
      const args = ["--yes", "--hub-url", hub.url, "--agent-id", agentId, "--token-file", file]
      writeFileSync(file, "wrong\n")
      const wrong = yield* run("init", ...args, "--config", join(folder, "config.json"))
      expect(wrong).toMatchObject({ code: 2 })
      expect(wrong.err).toContain(`the hub does not take this token as that of ${agentId}`)
      writeFileSync(file, `${token}\n`)
      expect(yield* run("init", ...args, "--config", join(folder, "config.json"))).toMatchObject({ code: 0 })
    }).pipe(Effect.scoped))

  it.live("knows a hub of an own authority, and shows it the certificate of this machine", () =>
    Effect.gen(function*() {
      const hub = yield* startServer({ secure: true, clientCa, onRequest: registry })
      const path = join(yield* newFolder, "config.json")
      const file = (name: string) => join("test", "fixtures", "tls", name)
      const args = ["--yes", "--hub-url", hub.hub_url, "--agent-id", "novice", "--config", path]
      const authority = ["--tls-ca", file("ca.pem")]
      const certificate = ["--tls-cert", file("client.pem"), "--tls-key", file("client.key")]
      for (
        const [given, exitCode, says] of [
          [[], 69, "certificate"],
          [authority, 69, "certificate"],
          [[...authority, ...certificate.slice(0, 2)], 2, "init: tls_cert: must be given with tls_key"]
        ] as const
      ) {
        const { code, err } = yield* run("init", ...args, ...given)
        expect({ code, err }).toEqual({ code: exitCode, err: expect.stringContaining(says) })
        expect(existsSync(path)).toBe(false)
      }
      expect(yield* run("init", ...args, ...authority, ...certificate)).toMatchObject({ code: 0, err: "" })
      expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({
        tls_ca: resolve(file("ca.pem")),
        tls_cert: resolve(file("client.pem")),
        tls_key: resolve(file("client.key"))
      })
    }).pipe(Effect.scoped))

  it.live("says where no hub answers", () =>
    Effect.gen(function*() {
      const path = join(yield* newFolder, "config.json")
      const { code, err } = yield* run("init", "--yes", "--hub-url", "ws://127.0.0.1:9/ws", "--config", path)
      expect(code).toBe(69)
      expect(err).toContain("the hub at http://127.0.0.1:9 does not answer")
      expect(existsSync(path)).toBe(false)
    }).pipe(Effect.scoped))
})
