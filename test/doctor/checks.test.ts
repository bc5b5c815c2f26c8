import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import type { Settings } from "../../src/config/SidecarConfig.ts"
import { type Check, failed, findingText, type Outcome, type Subject } from "../../src/doctor/Check.ts"
import { commandCheck, messageCommandCheck, refusedIn } from "../../src/doctor/command.ts"
import { checks, doctor_check_ms, examine, outcomeOf } from "../../src/doctor/examine.ts"
import { encryptionCheck, secretsCheck, secretsOutcome } from "../../src/doctor/exposure.ts"
import { diskCheck, diskSpaceCheck, folderCheck, lockCheck } from "../../src/doctor/folder.ts"
import { clockCheck, heartbeatCheck, heartbeatOf, tokenCheck, webSocketCheck } from "../../src/doctor/hub.ts"
import { inboxCheck } from "../../src/doctor/inbox.ts"
import { connectionCheck, nameCheck, proxyCheck, tlsCheck } from "../../src/doctor/network.ts"
import { resultsWatcherCheck, type Watch, watcherCheck } from "../../src/doctor/watcher.ts"
import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import { FileError } from "../../src/storage/files.ts"
import { takeLock } from "../../src/storage/folderLock.ts"
import { openMessageDatabase } from "../../src/storage/messages/messageDatabase.ts"
import { loadSqlite } from "../../src/storage/sqlite.ts"
import { settings as example } from "../layers/hubRig.ts"
import { ca, clientCa, eventually, pem, startServer } from "../layers/hubServer.ts"
import { agentId, startHub, token } from "../support/daemon.ts"
import { proxyVariables, startProxy } from "../support/proxy.ts"
import { status as idle } from "../support/status.ts"

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "doctor-test-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/** A folder of an agent, with these settings. */
const makeSubject = Effect.fnUntraced(function*(settings: Partial<Settings> = {}) {
  const folder = yield* temporaryFolder
  const subject: Subject = {
    config: join(folder, "config.json"),
    folder,
    final_exit_codes: [73, 78, 79],
    settings: {
      ...example,
      results_dir: join(folder, "results"),
      tasks_dir: join(folder, "tasks"),
      outbox_dir: join(folder, "outbox"),
      state_file: join(folder, "queue.json"),
      log_file: join(folder, "sidecar.log"),
      ...settings
    }
  }
  return subject
})

const outcome = (check: Check, settings?: Partial<Settings>) =>
  Effect.flatMap(makeSubject(settings), (subject) => check.run(subject))

/** The verdict, and that it comes with a remedy where and only where one is needed. */
const expectOk = ({ remedy, verdict }: Outcome) => expect({ verdict, remedy }).toEqual({ verdict: "ok", remedy: null })
const expectFailed = ({ found, remedy, verdict }: Outcome, what: RegExp, help: RegExp) => {
  expect(verdict).toBe("failed")
  expect(found).toMatch(what)
  expect(remedy).toMatch(help)
}

describe("the folder", () => {
  it.live("is ok where a file in it can be replaced whole, and nothing is left there", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      expectOk(yield* folderCheck.run(subject))
      expect(readdirSync(subject.folder)).toEqual([])
    }))

  it.live("is not ok where the system refuses to write", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      expectFailed(
        yield* folderCheck.run({ ...subject, folder: join(subject.folder, "gone") }),
        /gone/,
        /make the folder/
      )
    }))

  it.live("is not ok where results could not be written", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      const results_dir = join(subject.folder, "file", "results")
      writeFileSync(join(subject.folder, "file"), "")
      const settings = { ...subject.settings, results_dir }
      expectFailed(yield* folderCheck.run({ ...subject, settings }), /is not a folder/, /should be a folder is a file/)
    }))
})

describe("the name of the hub", () => {
  it.live("is ok where it has an address, or is one", () =>
    Effect.gen(function*() {
      expectOk(yield* outcome(nameCheck, { hub_url: "ws://localhost:1/ws" }))
      expectOk(yield* outcome(nameCheck, { hub_url: "ws://[::1]:1/ws" }))
    }))

  it.live("is not ok where it has none", () =>
    Effect.gen(function*() {
      expectFailed(
        yield* outcome(nameCheck, { hub_url: "ws://no.such.host.invalid/ws" }),
        /no\.such\.host\.invalid/,
        /DNS/
      )
    }))
})

describe("the connection", () => {
  it.live("is ok where the hub takes it, with TLS and without", () =>
    Effect.gen(function*() {
      for (const secure of [false, true]) {
        const { hub_url, port } = yield* startServer({ secure })
        const found = yield* outcome(connectionCheck, { hub_url })
        expectOk(found)
        expect(found.found).toBe(`127.0.0.1 port ${port} takes connections, as the hub`)
      }
    }))

  it.live("is not ok where nobody listens", () =>
    Effect.gen(function*() {
      expectFailed(
        yield* outcome(connectionCheck, { hub_url: "ws://127.0.0.1:9/ws" }),
        /ECONNREFUSED/,
        /start the hub, .* of hub_url/
      )
    }))
})

describe("TLS", () => {
  const mine = { tls_cert: pem("client.pem"), tls_key: Redacted.make(pem("client.key")) }

  it.live("is ok where the hub's certificate is trusted, and where there is none to be", () =>
    Effect.gen(function*() {
      const { hub_url } = yield* startServer({ secure: true })
      const found = yield* outcome(tlsCheck, { hub_url, tls_ca: ca })
      expectOk(found)
      expect(found.found).toMatch(/^TLSv1\.3, the hub's certificate is good until /)
      expectOk(yield* outcome(tlsCheck, { hub_url: "ws://127.0.0.1:9/ws" }))
    }))

  it.live("is not ok where the certificate is of an authority nobody named", () =>
    Effect.gen(function*() {
      const { hub_url } = yield* startServer({ secure: true })
      expectFailed(yield* outcome(tlsCheck, { hub_url }), /certificate/, /tls_ca/)
    }))

  it.live("is not ok where the hub speaks no TLS", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer()
      expectFailed(yield* outcome(tlsCheck, { hub_url: `wss://127.0.0.1:${port}/ws` }), /./, /rather ws:\/\//)
    }))

  it.live("is not ok where the certificate is for another name", () =>
    Effect.gen(function*() {
      const server = yield* startServer({ secure: true, cert: pem("elsewhere.pem"), key: pem("elsewhere.key") })
      expectFailed(
        yield* outcome(tlsCheck, { hub_url: server.hub_url, tls_ca: clientCa }),
        /altnames/,
        /name in hub_url that the certificate is for/
      )
    }))

  it.live("is not ok where nobody answers there", () =>
    Effect.gen(function*() {
      expectFailed(
        yield* outcome(tlsCheck, { hub_url: "wss://127.0.0.1:9/ws" }),
        /no TLS with the hub: .*ECONNREFUSED/,
        /hub_url/
      )
    }))

  it.live("with a hub that wants a certificate of this machine opens the WebSocket only with that", () =>
    Effect.gen(function*() {
      const { hub_url } = yield* startServer({ secure: true, clientCa })
      expectOk(yield* outcome(tlsCheck, { hub_url, tls_ca: ca, ...mine }))
      expectOk(yield* outcome(webSocketCheck, { hub_url, tls_ca: ca, ...mine }))
      expectFailed(
        yield* outcome(webSocketCheck, { hub_url, tls_ca: ca }),
        /certificate/,
        /tls_cert, and its key as tls_key/
      )
    }))
})

describe("behind a proxy", () => {
  const ofHub = { hub_url: "ws://hub.test:4000/ws" }
  const login = "someone:s3cret-of-the-proxy"

  it.live("name, connection, CONNECT, TLS, WebSocket and the HTTP interface are those by way of it", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy({ login })
      const { port } = yield* startServer({ secure: true, cert: pem("elsewhere.pem"), key: pem("elsewhere.key") })
      yield* proxyVariables({ HTTPS_PROXY: proxy.url.replace("127.0.0.1", "localhost") })
      const subject = yield* makeSubject({
        hub_url: `wss://elsewhere.test:${port}/ws`,
        hub_api_url: `https://elsewhere.test:${port}`,
        tls_ca: clientCa
      })
      const found: Array<string> = []
      for (const check of [nameCheck, connectionCheck, proxyCheck, tlsCheck, webSocketCheck]) {
        const one = yield* check.run(subject)
        expectOk(one)
        found.push(one.found)
      }
      expect(found.join("\n")).toMatch(
        new RegExp(
          `^localhost, the proxy, is .*\nlocalhost port ${proxy.port} takes connections, as the proxy\n` +
            `http://localhost:${proxy.port} connects to elsewhere\\.test:${port}\nTLSv1\\.3, the hub's .*\nwss://.* opens$`
        )
      )
      expect((yield* clockCheck.run(subject)).verdict).toBe("ok")
      expect(proxy.asked).toEqual(proxy.asked.map(() => `elsewhere.test:${port}`))
      expect(found.join()).not.toContain("s3cret")
    }))

  it.live("none is wanted where there is no variable, or NO_PROXY names the hub", () =>
    Effect.gen(function*() {
      yield* proxyVariables({})
      expectOk(yield* outcome(proxyCheck, ofHub))
      yield* proxyVariables({ HTTP_PROXY: "http://127.0.0.1:9", NO_PROXY: "hub.test" })
      expect(yield* outcome(proxyCheck, ofHub)).toMatchObject({
        verdict: "ok",
        found: "the hub is reached without one"
      })
    }))

  it.live("its name has to have an address", () =>
    Effect.gen(function*() {
      yield* proxyVariables({ HTTP_PROXY: `http://${login}@no.such.proxy.invalid:3128` })
      expectFailed(yield* outcome(nameCheck, ofHub), /^no\.such\.proxy\.invalid has no address/, /DNS/)
    }))

  it.live("its address has to be one", () =>
    Effect.gen(function*() {
      yield* proxyVariables({ ALL_PROXY: `socks5://${login}@127.0.0.1:1080` })
      for (const check of [nameCheck, connectionCheck, proxyCheck, tlsCheck]) {
        expectFailed(
          yield* outcome(check, ofHub),
          /^the environment names a socks5:\/\/ address as the proxy$/,
          /^let ALL_PROXY be an http:\/\/ or https:\/\/ address, or name the hub's host in NO_PROXY$/
        )
      }
      expectFailed(yield* outcome(webSocketCheck, ofHub), /names a socks5/, /./)
    }))

  it.live("it has to take connections", () =>
    Effect.gen(function*() {
      yield* proxyVariables({ HTTP_PROXY: `http://${login}@127.0.0.1:9` })
      expectFailed(yield* outcome(connectionCheck, ofHub), /ECONNREFUSED/, /start the proxy, .* of HTTP_PROXY/)
    }))

  const refusals = [
    [{ login: "another:one" }, /does not connect to hub\.test:4000: HTTP 407 /, /user and password .* ALL_PROXY/],
    [{ answer: 403 }, /HTTP 403 Forbidden/, /allow CONNECT to hub\.test:4000, or .* NO_PROXY=hub\.test/],
    [{ answer: 502 }, /HTTP 502 Bad Gateway/, /does not reach the hub: look at hub_url/]
  ] as const
  it.live.each(refusals)("it has to let this machine through: %o", ([options, what, help]) =>
    Effect.gen(function*() {
      const proxy = yield* startProxy(options)
      yield* proxyVariables({ ALL_PROXY: `http://${login}@${proxy.host}` })
      const secure = { hub_url: "wss://hub.test:4000/ws" }
      const found = [
        yield* outcome(proxyCheck, ofHub),
        yield* outcome(webSocketCheck, ofHub),
        yield* outcome(proxyCheck, secure),
        yield* outcome(tlsCheck, secure)
      ]
      for (const one of found) expect(one.found).toMatch(what)
      expectFailed(found[0] ?? failed("", ""), what, help)
      expect(JSON.stringify(found)).not.toContain("s3cret")
      yield* eventually(() => proxy.open.size === 0)
    }))
})

describe("the secrets", () => {
  const file = (mode: number) =>
    Effect.map(temporaryFolder, (folder) => {
      const path = join(folder, "config.json")
      writeFileSync(path, "")
      chmodSync(path, mode)
      return path
    })

  it.live("are ok in files that only their owner may use, or in none", () =>
    Effect.gen(function*() {
      const path = yield* file(0o600)
      expectOk(yield* outcome(secretsCheck, { secret_files: [path, yield* file(0o400)] }))
      expectOk(yield* outcome(secretsCheck, { secret_files: [] }))
    }))

  it.live.each([0o644, 0o640, 0o604, 0o620])("are not ok where their mode is %o", (mode) =>
    Effect.gen(function*() {
      const path = yield* file(mode)
      const found = yield* outcome(secretsCheck, { secret_files: [yield* file(0o600), path] })
      expectFailed(found, /config\.json: other users of this machine may use it \(mode 6\d\d\)$/, /./)
      expect(found.remedy).toBe(`chmod 600 ${path}`)
    }))

  it.live("are not looked at on Windows", () =>
    Effect.gen(function*() {
      expect(yield* secretsOutcome([yield* file(0o644)], true)).toMatchObject({ verdict: "skipped" })
    }))
})

describe("the encryption", () => {
  it.live("is ok with wss://, or on this machine", () =>
    Effect.gen(function*() {
      expectOk(yield* outcome(encryptionCheck, { hub_url: "wss://hub.example/ws", hub_api_url: "https://hub.example" }))
      expectOk(
        yield* outcome(encryptionCheck, { hub_url: "ws://127.0.0.1:4000/ws", hub_api_url: "http://127.0.0.1:4000" })
      )
    }))

  it.live("is not ok where a plain address leads to another machine", () =>
    Effect.gen(function*() {
      const settings = { hub_url: "ws://hub.example/ws", hub_api_url: "https://hub.example" }
      expectFailed(
        yield* outcome(encryptionCheck, settings),
        /everybody on the way.*: ws:\/\/hub\.example\/ws$/,
        /use wss:/
      )
    }))
})

describe("the WebSocket", () => {
  it.live("is ok where it opens, and is closed again without a frame", () =>
    Effect.gen(function*() {
      const frames: Array<unknown> = []
      const server = yield* startServer({ onConnection: (socket) => void socket.on("message", (m) => frames.push(m)) })
      expectOk(yield* outcome(webSocketCheck, { hub_url: server.hub_url }))
      expect(server.closes).toEqual([{ code: 1000, reason: "" }])
      expect(frames).toEqual([])
    }))

  it.live("is not ok where another path is the hub's, or a proxy refuses it", () =>
    Effect.gen(function*() {
      const { port } = yield* startServer()
      expectFailed(
        yield* outcome(webSocketCheck, { hub_url: `ws://127.0.0.1:${port}/other` }),
        /400/,
        /path of hub_url/
      )
      const { hub_url } = yield* startServer({ refuse: true })
      expectFailed(yield* outcome(webSocketCheck, { hub_url: `${hub_url}?secret=x` }), /^ws:[^?]*401$/, /proxy/)
    }))
})

describe("the token", () => {
  const account = (given: string) =>
    Effect.map(startHub(), ({ httpUrl, url }) => ({
      agent_id: agentId,
      token: Redacted.make(given),
      hub_url: url,
      hub_api_url: httpUrl
    }))

  it.live("is ok where the hub takes it", () =>
    Effect.gen(function*() {
      expectOk(yield* outcome(tokenCheck, yield* account(token)))
    }))

  it.live("is not ok where it is another's", () =>
    Effect.gen(function*() {
      expectFailed(yield* outcome(tokenCheck, yield* account("wrong")), new RegExp(agentId), /init/)
    }))

  it.live("is not ok where another server answers", () =>
    Effect.gen(function*() {
      const { hub_api_url } = yield* startServer()
      expectFailed(yield* outcome(tokenCheck, { hub_api_url }), /is it an AgentCom hub/, /hub_api_url/)
    }))
})

describe("the clock", () => {
  const hubAt = (offset_ms: number) =>
    startServer({
      onRequest: (_, response) => response.setHeader("date", new Date(Date.now() + offset_ms).toUTCString()).end("{}")
    })

  it.live("is ok where it is that of the hub", () =>
    Effect.gen(function*() {
      expectOk(yield* outcome(clockCheck, { hub_api_url: (yield* startHub()).httpUrl }))
      expectOk(yield* outcome(clockCheck, { hub_api_url: (yield* hubAt(50_000)).hub_api_url }))
    }))

  it.live("is not ok where it is another, either way", () =>
    Effect.gen(function*() {
      const behind = yield* outcome(clockCheck, { hub_api_url: (yield* hubAt(90_000)).hub_api_url })
      expectFailed(behind, /behind the hub's, at most 60 s is ok/, /NTP/)
      const ahead = yield* outcome(clockCheck, { hub_api_url: (yield* hubAt(-90_000)).hub_api_url })
      expectFailed(ahead, /ahead of the hub's/, /NTP/)
    }))

  it.live("is not compared where the hub does not tell its own", () =>
    Effect.gen(function*() {
      const { hub_api_url } = yield* startServer({
        onRequest: (_, response) => {
          response.sendDate = false
          response.end("{}")
        }
      })
      expect(yield* outcome(clockCheck, { hub_api_url })).toMatchObject({ verdict: "skipped" })
    }))
})

describe("the lock", () => {
  it.live("is ok where nobody holds it, which makes no file, and where a sidecar does", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      const free = yield* lockCheck.run(subject)
      expectOk(free)
      expect(free.found).toContain("can be locked, and nobody holds it")
      expect(readdirSync(subject.folder)).toEqual([])
      yield* Effect.acquireRelease(takeLock(subject.folder), (held) => Effect.sync(() => held?.release()))
      expect((yield* lockCheck.run(subject)).found).toContain("is held by a running sidecar")
    }))

  it.live("is not ok where it is no lock", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      mkdirSync(join(subject.folder, "lock"))
      expectFailed(yield* lockCheck.run(subject), /lock cannot be locked/, /chown/)
    }))
})

describe("the heartbeat", () => {
  const connected = { phase: "identified", since: 1_000, last_heard_at: 40_000 } as const
  const status = { ...idle, now: 100_000, connection: connected, token_changed: false }

  it("is ok where the sidecar has heard from the hub within two of them", () => {
    expectOk(heartbeatOf(status))
    expect(heartbeatOf(status).found).toContain("pid 4711 heard from the hub 60 s ago, at most 60 s is ok")
  })

  it("is not ok where it has heard nothing for longer, or is not connected", () => {
    expect(heartbeatOf({ ...status, now: 101_000 }).verdict).toBe("failed")
    expectFailed(heartbeatOf({ ...status, now: 101_000 }), /nothing from the hub for 61 s/, /look at the hub/)
    const connection = { phase: "down", since: 1_000, last_heard_at: 99_999 } as const
    expectFailed(heartbeatOf({ ...status, connection }), /not connected .* for 99 s now/, /logs --since/)
  })

  it("is not ok where it runs with another token than config.json holds", () => {
    const found = heartbeatOf({ ...status, token_changed: true })
    expect(found.verdict).toBe("failed")
    expectFailed(found, /pid 4711 runs with another token/, /restart it/)
  })

  it.live("is nobody's where no sidecar runs, which is no failure", () =>
    Effect.gen(function*() {
      expect(yield* outcome(heartbeatCheck)).toMatchObject({
        verdict: "skipped",
        found: expect.stringMatching(/no sidecar runs/)
      })
    }))
})

describe("the wake command", () => {
  it.live("is ok where its program is there: of a list, behind our exec, and of a line", () =>
    Effect.gen(function*() {
      const node = process.execPath
      expectOk(yield* outcome(commandCheck, { wake_command: [node, "{prompt_file}"] }))
      expectOk(yield* outcome(commandCheck, { wake_command: [node, resolve("dist/main.js"), "exec", "--", "sh", "x"] }))
      for (const line of ["exec /bin/sh agent.sh", ": > x; echo y", "cd x && ./y", "A=b ./y \"$TASK_ID\"", "(x)"]) {
        expectOk(yield* outcome(commandCheck, { wake_command: line }))
      }
    }))

  const broken: ReadonlyArray<readonly [Settings["wake_command"], RegExp]> = [
    [["no-such-program"], /there is no program no-such-program/],
    [["./wake.sh"], /there is no program \.\/wake\.sh/],
    [[process.execPath, resolve("dist/main.js"), "exec", "--json", "--", "no-such-agent"], /no-such-agent/],
    ["no-such-program -x", /there is no program no-such-program/],
    ["exec ./wake.sh", /there is no program \.\/wake\.sh/],
    ["if true; then echo", /the shell cannot read wake_command/]
  ]
  it.live.each(broken)("is not ok where it is %j", ([wake_command, what]) =>
    Effect.gen(function*() {
      expectFailed(yield* outcome(commandCheck, { wake_command }), what, /docs\/agents\.md/)
    }))

  it.live("is looked at without being run", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject({ wake_command: "touch ran; exec touch ran" })
      expectOk(yield* commandCheck.run(subject))
      expect(readdirSync(subject.folder)).toEqual([])
    }))

  it("is not ok where openclaw would refuse to run", () => {
    const env = { OPENCLAW_SHELL: "exec" }
    expect(refusedIn(env, "openclaw agent")).toMatchObject({
      verdict: "failed",
      remedy: expect.stringMatching(/ordinary shell/)
    })
    expect(refusedIn(env, "claude -p")).toBeUndefined()
    expect(refusedIn({}, "openclaw agent")).toBeUndefined()
  })

  it.live("is not ok where this shell is that of an OpenClaw agent", () =>
    Effect.gen(function*() {
      const before = process.env["OPENCLAW_SHELL"]
      process.env["OPENCLAW_SHELL"] = "exec"
      const found = yield* outcome(commandCheck, { wake_command: [process.execPath, "openclaw.mjs"] })
      if (before === undefined) delete process.env["OPENCLAW_SHELL"]
      else process.env["OPENCLAW_SHELL"] = before
      expectFailed(found, /openclaw refuses to run/, /ordinary shell/)
    }))
})

describe("the message command", () => {
  it.live("is ok where its program is there, and nothing is written", () =>
    Effect.gen(function*() {
      for (const message_command of [[process.execPath, "{messages_file}"], "exec /bin/sh talk.sh"]) {
        const subject = yield* makeSubject({ message_command })
        expectOk(yield* messageCommandCheck.run(subject))
        expect(readdirSync(subject.folder)).toEqual([])
      }
    }))

  it.live("is not ok where its program is missing, or the shell cannot read it", () =>
    Effect.gen(function*() {
      const missing = yield* outcome(messageCommandCheck, { message_command: ["no-such-program"] })
      expectFailed(missing, /there is no program no-such-program/, /^fix message_command/)
      const unread = yield* outcome(messageCommandCheck, { message_command: "if true; then echo" })
      expectFailed(unread, /the shell cannot read message_command/, /^fix message_command/)
    }))

  it.live("is not looked for where there is none", () =>
    Effect.gen(function*() {
      expect(yield* outcome(messageCommandCheck, { message_command: null })).toMatchObject({ verdict: "skipped" })
    }))
})

describe("the inbox", () => {
  const withInbox = Effect.fnUntraced(function*(make: (path: string) => void) {
    const subject = yield* makeSubject()
    make(join(subject.folder, "agent.sqlite"))
    return subject
  })
  const made = (path: string) => openMessageDatabase(path, defaultMessagePolicy).close()

  it.live("is ok where there is none yet, and where it is whole, and nothing is left beside it", () =>
    Effect.gen(function*() {
      expectOk(yield* outcome(inboxCheck))
      const subject = yield* withInbox(made)
      expectOk(yield* inboxCheck.run(subject))
      expect(readdirSync(subject.folder)).toEqual(["agent.sqlite"])
    }))

  const broken: ReadonlyArray<readonly [string, (path: string) => void, RegExp, RegExp]> = [
    ["no database", (path) => writeFileSync(path, "hello ".repeat(1_000)), /not a database/, /moves the file aside/],
    ["a folder", (path) => mkdirSync(path), /agent\.sqlite cannot be used: /, /chown/],
    [
      "one that a newer version wrote",
      (path) => {
        made(path)
        const database = new (loadSqlite()).DatabaseSync(path)
        database.exec("PRAGMA user_version=99")
        database.close()
      },
      /newer agentcom-sidecar/,
      /run that version/
    ],
    [
      "damaged",
      (path) => {
        made(path)
        const pages = readFileSync(path)
        writeFileSync(path, pages.fill(0xff, 4_096))
      },
      /./,
      /moves the file aside/
    ]
  ]
  it.live.each(broken)("is not ok where it is %s", ([, make, what, help]) =>
    Effect.gen(function*() {
      expectFailed(yield* inboxCheck.run(yield* withInbox(make)), what, help)
    }))

  it.live("is left alone where a sidecar runs, or was killed", () =>
    Effect.gen(function*() {
      const subject = yield* withInbox(made)
      writeFileSync(join(subject.folder, "agent.sqlite-wal"), "")
      expect(yield* inboxCheck.run(subject)).toMatchObject({ verdict: "skipped" })
      yield* Effect.acquireRelease(takeLock(subject.folder), (held) => Effect.sync(() => held?.release()))
      expect(yield* inboxCheck.run(subject)).toMatchObject({
        verdict: "skipped",
        found: expect.stringContaining("the running sidecar")
      })
    }))
})

describe("the disk", () => {
  it.live("is ok where there is room for what the sidecar writes", () =>
    Effect.gen(function*() {
      const found = yield* outcome(diskSpaceCheck)
      expectOk(found)
      expect(found.found).toMatch(/at least 256 MiB is ok/)
    }))

  it.live("is not ok where there is less", () =>
    Effect.gen(function*() {
      expectFailed(yield* outcome(diskCheck(Number.MAX_SAFE_INTEGER)), /\d+ MiB are free at /, /make room/)
    }))
})

describe("the watcher", () => {
  it.live("is ok where it tells of a new file where the results are to be, and nothing is left there", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      expectOk(yield* resultsWatcherCheck.run(subject))
      expect(readdirSync(subject.folder)).toEqual([])
    }))

  it.live("looks at the folder of the results itself, wherever a link leads to it", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      const elsewhere = yield* temporaryFolder
      symlinkSync(elsewhere, join(subject.folder, "results"))
      const { found, ...verdict } = yield* resultsWatcherCheck.run(subject)
      expectOk({ found, ...verdict })
      expect(found).toContain(elsewhere)
      expect(readdirSync(elsewhere)).toEqual([])
    }))

  it.live("is not ok where a link leads nowhere, or no file can be written", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      symlinkSync("nowhere", join(subject.folder, "results"))
      writeFileSync(join(subject.folder, "file"), "")
      for (const name of ["file", "file/results"]) {
        const settings = { ...subject.settings, results_dir: join(subject.folder, name) }
        expectFailed(
          yield* resultsWatcherCheck.run({ ...subject, settings }),
          /cannot be watched: .*not a folder/,
          /every 5 s/
        )
      }
    }))

  const deaf: Watch = () => Effect.void
  const broken: Watch = (folder) => Effect.fail(new FileError({ path: folder, code: "ENOSPC", reason: "no watches" }))
  const breaking: Watch = (folder, _, onError) =>
    Effect.sync(() => onError(new FileError({ path: folder, code: "", reason: "it broke" })))
  it.live("is not ok where no event comes, or nothing can be watched", () =>
    Effect.gen(function*() {
      expectFailed(yield* outcome(watcherCheck(deaf, 20)), /no event of a new file within 20 ms/, /inotify/)
      expectFailed(yield* outcome(watcherCheck(broken, 1_000)), /no watches/, /every 5 s/)
      expectFailed(yield* outcome(watcherCheck(breaking, 1_000)), /it broke/, /local disk/)
    }))
})

describe("an examination", () => {
  const examined = (config: string) => {
    const findings: Array<string> = []
    return examine(
      { config, final_exit_codes: [] },
      (finding) => Effect.sync(() => void findings.push(findingText(finding)))
    ).pipe(
      Effect.map((allOk) => ({ allOk, text: findings.join("") }))
    )
  }

  it.live("says what is wrong in the configuration, and tries nothing else then", () =>
    Effect.gen(function*() {
      const file = join(yield* temporaryFolder, "config.json")
      writeFileSync(file, JSON.stringify({ agent_id: "a b", token, hub_url: "x" }))
      const { allOk, text } = yield* examined(file)
      expect(allOk).toBe(false)
      expect(text).toContain("✗ configuration config.json: agent_id: must be one word")
      expect(text).toContain("→ fix it (README.md, config.json), or make one: agentcom-sidecar init\n")
      expect(text.match(/^– .*not tried, as the configuration is not ok$/gm)).toHaveLength(checks.length)
    }))

  it.live("never says a secret, wherever it stands", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder
      const secret = "no-such-secret-program"
      writeFileSync(
        join(folder, "config.json"),
        JSON.stringify({ agent_id: "a", token: secret, hub_url: "ws://127.0.0.1:9/ws?key=abc", wake_command: [secret] })
      )
      const { allOk, text } = yield* examined(join(folder, "config.json"))
      expect(allOk).toBe(false)
      expect(text).toContain("there is no program <redacted>")
      expect(text).not.toContain(secret)
      expect(text).not.toContain("abc")
    }))

  it.effect("calls a check that breaks or never ends failed", () =>
    Effect.gen(function*() {
      const subject = yield* makeSubject()
      const dying = { name: "dying", run: () => Effect.die(new Error("oops")) }
      expectFailed(yield* outcomeOf(dying, subject), /oops/, /report it/)
      const endless = yield* Effect.forkChild(outcomeOf({ name: "endless", run: () => Effect.never }, subject))
      yield* TestClock.adjust(doctor_check_ms)
      expectFailed(yield* Fiber.join(endless), /not done within 15000 ms/, /busy/)
    }))

  it("is a line a finding, with the remedy below, that no control character can leave", () => {
    expect(findingText({ check: "disk", ...failed("a\u001bb", "do\nthis") })).toBe(
      "✗ disk          a\\u001bb\n                → do\\u000athis\n"
    )
  })
})
