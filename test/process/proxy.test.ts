import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { chmodSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"
import { runCommand } from "../support/commands.ts"
import {
  atOnce,
  type Folder,
  makeFolder,
  startDaemon,
  startHub,
  submit,
  until,
  untilStatus
} from "../support/daemon.ts"
import { startProxy } from "../support/proxy.ts"

const login = "someone:s3cret-of-the-proxy"
const nothingSecret = /someone|s3cret-of|c29tZW9uZT/

/** No proxy but the ones that are given; a variable that is empty is none. */
const only = (variables: Record<string, string>): Record<string, string> => ({
  ...Object.fromEntries(
    ["http_proxy", "https_proxy", "all_proxy", "no_proxy"].flatMap((name) => [[name, ""], [name.toUpperCase(), ""]])
  ),
  PM2_HOME: resolve("no-such-pm2"),
  ...variables
})

/** Has a program note each of its modules in `modules.log` as it loads it. */
const noteModules = (folder: Folder) => {
  writeFileSync(
    folder.file("note.mjs"),
    `import { appendFileSync } from "node:fs"
import { registerHooks } from "node:module"
const log = ${JSON.stringify(folder.file("modules.log"))}
registerHooks({ load: (url, context, next) => (appendFileSync(log, url + "\\n"), next(url, context)) })
`
  )
  return { NODE_OPTIONS: `--import ${pathToFileURL(folder.file("note.mjs")).href}` }
}

describe("a sidecar behind a proxy", () => {
  it.live("does its work through it, and nowhere says the user and the password", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const proxy = yield* startProxy({ login })
      const folder = yield* makeFolder(hub, { work: atOnce }, { metrics_listen: "127.0.0.1:0" })
      const env = only({ HTTP_PROXY: proxy.url, DEBUG: "*" })
      const options = ["--record", folder.file("day.jsonl")]
      const daemon = yield* startDaemon(folder, { ...env, ...noteModules(folder) }, "config.json", options)
      yield* untilStatus(hub, yield* submit(hub), "completed")
      yield* until("it is over", () => daemon.events("report_acknowledged").length > 0)
      // For the connection and, by HTTP, for what was missed.
      expect(new Set(proxy.asked)).toEqual(new Set([new URL(hub.url).host]))
      expect(folder.read("modules.log")).toMatch(/\/tunnel-\w+\.js\n/)
      const config = folder.file("config.json")
      const told = yield* Effect.forEach(
        [["status"], ["status", "--json"], ["doctor"], ["doctor", "--json"], ["logs"]],
        (command) => runCommand([...command, "--config", config], env)
      )
      expect(told.map(({ code }) => code)).toEqual([0, 0, 0, 0, 0])
      expect(told[2]?.out).toContain(`✓ proxy         ${proxy.shown} connects to 127.0.0.1:`)
      const said = told.map(({ err, out }) => err + out).join("\n")
      for (const text of [said, daemon.output(), folder.read("sidecar.log"), folder.read("day.jsonl")]) {
        expect(text).not.toBe("")
        expect(text).not.toMatch(nothingSecret)
      }
    }).pipe(Effect.scoped))

  it.live("loads nothing for that where none is named", () =>
    Effect.gen(function*() {
      const folder = yield* makeFolder(yield* startHub())
      const daemon = yield* startDaemon(folder, { ...only({ NO_PROXY: "*" }), ...noteModules(folder) })
      yield* until("it is connected", () => daemon.events("identified").length > 0)
      expect(folder.read("modules.log")).toContain("/run.js\n")
      expect(folder.read("modules.log")).not.toMatch(/tunnel/)
    }).pipe(Effect.scoped))

  it.live("that refuses says so once an attempt, with what to do, and nothing secret", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const proxy = yield* startProxy({ login: "another:one" })
      const folder = yield* makeFolder(hub)
      const env = only({ ALL_PROXY: `http://${login}@${proxy.host}` })
      const daemon = yield* startDaemon(folder, env)
      yield* until("it is tried again", () => daemon.events("reconnect_scheduled").length > 1)
      const closed = daemon.events("ws_closed")
      expect(closed[0]?.["reason"]).toMatch(
        /^the proxy .* HTTP 407 Proxy Authentication Required; put the user and password/
      )
      const { code, err, out } = yield* runCommand(["doctor", "--config", folder.file("config.json")], env)
      expect(code).toBe(1)
      expect(out).toContain("✗ proxy         the proxy ")
      expect(out).toContain("– websocket     not tried, as the tls is not ok")
      expect(out + err + daemon.output()).not.toMatch(nothingSecret)
    }).pipe(Effect.scoped))

  it.live("that is spoken to by TLS itself is trusted as the system says", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const proxy = yield* startProxy({ login, secure: true })
      const folder = yield* makeFolder(hub)
      const env = only({ HTTP_PROXY: proxy.url })
      const doubting = yield* startDaemon(folder, env)
      const closed = yield* until("it is tried", () => doubting.events("ws_closed")[0])
      expect(closed["reason"]).toMatch(/^the proxy https:\/\/127\.0\.0\.1:\d+ gives no connection .* certificate/)
      yield* doubting.kill
      const trusting = yield* startDaemon(folder, { ...env, NODE_EXTRA_CA_CERTS: resolve("test/fixtures/tls/ca.pem") })
      yield* until("it is connected", () => trusting.events("identified").length > 0)
      expect(trusting.output()).not.toMatch(nothingSecret)
    }).pipe(Effect.scoped))

  it.live("is made by init through it as well", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const proxy = yield* startProxy({ login })
      const folder = yield* makeFolder(hub)
      const asked = [
        "--hub-url",
        hub.url,
        "--agent-id",
        "novice",
        "--type",
        "script",
        "--config",
        folder.file("new.json")
      ]
      const made = yield* runCommand(["init", "--yes", ...asked], only({ HTTP_PROXY: proxy.url }))
      expect(made).toMatchObject({ code: 0, err: "" })
      expect(proxy.asked).toHaveLength(2)
      const refused = yield* runCommand(["init", "--yes", ...asked.slice(0, -1), folder.file("other.json")], {
        ...only({ HTTP_PROXY: `http://${proxy.host}` })
      })
      expect(refused.code).toBe(69)
      expect(refused.err).toMatch(/HTTP 407 Proxy Authentication Required; put the user and password/)
    }).pipe(Effect.scoped))
})

describe("a token that others may read", () => {
  it.live("is told at the start, with the command that mends it, and the work goes on", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub, { work: atOnce })
      chmodSync(folder.file("config.json"), 0o644)
      const daemon = yield* startDaemon(folder)
      yield* untilStatus(hub, yield* submit(hub), "completed")
      expect(daemon.events("secret_exposed")).toMatchObject([{
        path: folder.file("config.json"),
        reason: "other users of this machine may use it (mode 644)",
        remedy: `chmod 600 ${folder.file("config.json")}`
      }])
    }).pipe(Effect.scoped))

  it.live("is also one in a token_file, and neither is where only the owner may", () =>
    Effect.gen(function*() {
      const hub = yield* startHub()
      const folder = yield* makeFolder(hub)
      const { token, ...config } = JSON.parse(folder.read("config.json"))
      writeFileSync(folder.file("config.json"), JSON.stringify({ ...config, token_file: "secret" }))
      chmodSync(folder.file("config.json"), 0o644)
      writeFileSync(folder.file("secret"), token, { mode: 0o640 })
      const first = yield* startDaemon(folder)
      const told = yield* until("it is told", () => first.events("secret_exposed")[0])
      expect(told["remedy"]).toBe(`chmod 600 ${folder.file("secret")}`)
      yield* first.kill
      chmodSync(folder.file("secret"), 0o600)
      const second = yield* startDaemon(folder)
      yield* until("it is connected", () => second.events("identified").length > 0)
      expect(second.events("secret_exposed")).toEqual([])
    }).pipe(Effect.scoped))
})
