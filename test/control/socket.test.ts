import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import { existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { connect, createServer } from "node:net"
import { join } from "node:path"
import { SidecarConfig } from "../../src/config/SidecarConfig.ts"
import { control_path_bytes, ControlSocket } from "../../src/layers/ControlSocket.ts"
import { loggerMemory } from "../../src/layers/Loggers.ts"
import { ask, askOnce } from "../../src/observe/control/client.ts"
import { type ControlFile, controlFileIn, socketIn } from "../../src/observe/control/ControlFile.ts"
import { encodeAnswer, proofOf } from "../../src/observe/control/protocol.ts"
import { Control, control_unproved, type Question } from "../../src/observe/control/server.ts"
import { platform } from "../../src/platform.ts"
import { takeLock } from "../../src/storage/folderLock.ts"
import { settings } from "../layers/hubRig.ts"
import { until } from "../support/daemon.ts"
import { temporaryFolder } from "../support/lockProcesses.ts"
import { status } from "../support/status.ts"

const token = Redacted.make("s3cret-t0ken")

/** The control socket of a folder, and the questions it got. */
const serve = Effect.fnUntraced(function*(folder: string) {
  const asked: Array<Question> = []
  const layer = ControlSocket.pipe(
    Layer.provide(Layer.succeed(SidecarConfig, { ...settings, state_file: join(folder, "queue.json"), token })),
    Layer.provide(loggerMemory([]))
  )
  const { answerWith } = yield* Effect.provide(Control, layer)
  yield* answerWith((question) =>
    Effect.sync(() => {
      asked.push(question)
      return encodeAnswer({ ...status, token_changed: question.token_changed })
    })
  )
  const file: ControlFile = JSON.parse(readFileSync(controlFileIn(folder), "utf8"))
  return { folder, asked, file }
})

const serving = Effect.flatMap(temporaryFolder("control"), serve)

/** Sends each line that `lines` make from the lines received so far. Returns all lines received until the end. */
const talk = (address: string, ...lines: ReadonlyArray<(heard: ReadonlyArray<string>) => string>) =>
  Effect.callback<ReadonlyArray<string>>((resume) => {
    let text = ""
    let said = 0
    const heard = () => text.split("\n").slice(0, -1)
    const socket = connect(address)
    const next = () => {
      for (; said < lines.length && heard().length >= said; said++) socket.write(lines[said]?.(heard()) ?? "")
    }
    socket.on("connect", next).on("error", () => {}).on("close", () => resume(Effect.succeed(heard())))
    socket.on("data", (data) => {
      text += data.toString()
      next()
    })
    return Effect.sync(() => socket.destroy())
  })

const zeros = "0".repeat(64)
const hello = () => `${JSON.stringify({ client: zeros })}\n`
const challengeIn = (heard: ReadonlyArray<string>): { readonly server: string; readonly mac: string } =>
  JSON.parse(heard[0] ?? "")

/** The request of a client that knows `key`, for the challenge that it received. */
const request = (key: string, role = "client") => (heard: ReadonlyArray<string>) => {
  const text = JSON.stringify({ command: "drain", token: zeros })
  return `${JSON.stringify({ request: text, mac: proofOf(key, role, zeros, challengeIn(heard).server, text) })}\n`
}

describe("the control socket", () => {
  it.live("answers who has read control.json", () =>
    Effect.gen(function*() {
      const { asked, folder } = yield* serving
      expect(yield* askOnce(folder, "status", token)).toEqual({ ...status, token_changed: false })
      expect(asked).toEqual([{ command: "status", token_changed: false }])
    }))

  it.live("tells who has another token that it runs with another", () =>
    Effect.gen(function*() {
      const { folder } = yield* serving
      expect(yield* askOnce(folder, "status", Redacted.make("another"))).toMatchObject({ token_changed: true })
    }))

  it.live.runIf(platform !== "windows")(
    "is its owner's alone, with a new key at each start, and leaves nothing behind",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("control")
        const keys: Array<string> = []
        for (let start = 0; start < 2; start++) {
          const scope = yield* Scope.make()
          keys.push((yield* Scope.provide(serve(folder), scope)).file.key)
          expect([socketIn(folder), controlFileIn(folder)].map((path) => statSync(path).mode & 0o777)).toEqual([
            0o600,
            0o600
          ])
          yield* Scope.close(scope, Exit.void)
          expect(readdirSync(folder)).toEqual([])
        }
        expect(new Set(keys).size).toBe(2)
      })
  )

  it.live.runIf(platform !== "windows")(
    "takes the place of the one that a killed sidecar left behind",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("control")
        writeFileSync(socketIn(folder), "")
        writeFileSync(controlFileIn(folder), "half a fi")
        yield* serve(folder)
        expect(yield* askOnce(folder, "status", token)).toMatchObject({ pid: status.pid })
      })
  )

  it.live.runIf(platform !== "windows")(
    "is elsewhere where the folder's path is too long, in a folder of this user",
    () =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("x".repeat(100))
        const { file } = yield* serve(folder)
        expect(Buffer.byteLength(file.address)).toBeLessThanOrEqual(control_path_bytes)
        expect(statSync(join(file.address, "..")).mode & 0o777).toBe(0o700)
        expect(existsSync(socketIn(folder))).toBe(false)
        expect(yield* askOnce(folder, "status", token)).toMatchObject({ pid: status.pid })
      })
  )
})

describe("who does not know the key", () => {
  it.live("learns nothing, neither a pid nor a version, and has nothing done", () =>
    Effect.gen(function*() {
      const { asked, file } = yield* serving
      const heard = yield* talk(file.address, hello, request("f".repeat(64)))
      expect(heard).toHaveLength(1)
      expect(Object.keys(challengeIn(heard))).toEqual(["server", "mac"])
      expect(asked).toEqual([])
    }))

  it.live("cannot say again what somebody else has said", () =>
    Effect.gen(function*() {
      const { asked, file } = yield* serving
      let said = ""
      expect(yield* talk(file.address, hello, (heard) => said = request(file.key)(heard))).toHaveLength(2)
      expect(asked).toHaveLength(1)
      expect(yield* talk(file.address, hello, () => said)).toHaveLength(1)
      expect(yield* talk(file.address, () => `${hello()}${said}`)).toHaveLength(1)
      expect(asked).toHaveLength(1)
    }))

  it.live("cannot send the sidecar's own proofs back to it", () =>
    Effect.gen(function*() {
      const { asked, file } = yield* serving
      const text = JSON.stringify({ command: "drain", token: zeros })
      const reflected = (heard: ReadonlyArray<string>) =>
        `${JSON.stringify({ request: text, mac: challengeIn(heard).mac })}\n`
      expect(yield* talk(file.address, hello, reflected)).toHaveLength(1)
      expect(yield* talk(file.address, hello, request(file.key, "server"))).toHaveLength(1)
      expect(asked).toEqual([])
    }))

  it.live("asks once a connection: a second request has no answer", () =>
    Effect.gen(function*() {
      const { asked, file } = yield* serving
      const twice = (heard: ReadonlyArray<string>) => request(file.key)(heard).repeat(2)
      expect(yield* talk(file.address, hello, twice)).toHaveLength(2)
      expect(asked).toHaveLength(1)
    }))

  const odd: ReadonlyArray<readonly [what: string, line: string]> = [
    ["characters of two bytes as a challenge", `{"client":"${"é".repeat(64)}"}\n`],
    ["a list as a challenge", `{"client":["a"]}\n`],
    ["null", "null\n"],
    ["a number", "1e400\n"],
    ["a zero byte", "\u0000\n"],
    ["bytes that are no text", "\u{d800}\n"],
    ["an empty line", "\n"],
    ["many lines", "{}\n".repeat(10_000)],
    ["a line without an end", "x".repeat(1_000_000)],
    [
      "a challenge and nonsense",
      `${hello()}{"request":"drain","mac":"${"é".repeat(64)}"}\n{"request":"drain","mac":""}\n`
    ],
    ["a challenge and a request of another form", `${hello()}{"request":{},"mac":"${zeros}"}\n`]
  ]
  it.live.each(odd)("does no harm by %s", ([, line]) =>
    Effect.gen(function*() {
      const { asked, file, folder } = yield* serving
      const heard = yield* talk(file.address, () => line)
      expect(heard.length).toBeLessThanOrEqual(1)
      expect(asked).toEqual([])
      expect(yield* askOnce(folder, "status", token)).toMatchObject({ pid: status.pid })
    }))

  it.live("keeps nobody out by four hundred silent connections", () =>
    Effect.gen(function*() {
      const { asked, file, folder } = yield* serving
      let closed = 0
      const silent = Array.from({ length: 400 }, () =>
        connect(file.address).on("error", () => {}).on("close", () => closed++).resume())
      yield* Effect.addFinalizer(() =>
        Effect.sync(() => silent.forEach((socket) => socket.destroy()))
      )
      yield* until("the oldest have been ended", () => closed >= 400 - control_unproved, 30_000)
      for (let time = 0; time < 5; time++) yield* askOnce(folder, "status", token)
      expect(asked).toHaveLength(5)
    }))

  it.live("has two seconds to say something", () =>
    Effect.gen(function*() {
      const { file } = yield* serving
      expect(yield* talk(file.address, () => "{")).toEqual([])
      expect(yield* talk(file.address, hello)).toHaveLength(1)
    }))
})

describe("asking", () => {
  /** Another server in place of the socket, which sends these lines to every client. */
  const impostor = Effect.fnUntraced(function*(folder: string, lines: string) {
    rmSync(socketIn(folder), { force: true })
    const heard: Array<string> = []
    const server = createServer((socket) => {
      socket.on("error", () => {}).on("data", (data) => heard.push(data.toString()))
      socket.write(lines)
    })
    yield* Effect.acquireRelease(
      Effect.callback<void>((resume) => void server.listen(socketIn(folder), () => resume(Effect.void))),
      () => Effect.sync(() => server.close())
    )
    return heard
  })

  const lies: ReadonlyArray<readonly [what: string, lines: string, reason: RegExp]> = [
    ["a status with terminal escapes", "{\"pid\":1,\"since\":\"\\u001b[31mRED\"}\n", /cannot prove/],
    ["a proof that it has made up", `${JSON.stringify({ server: zeros, mac: zeros })}\n`, /cannot prove/],
    ["more than a line can have", "x".repeat(100_000), /cannot prove/],
    ["nothing", "", /said nothing within/]
  ]
  describe.runIf(platform !== "windows")("an impostor who says", () => {
    it.live.each(lies)(
      "%s is told nothing but a challenge, and believed nothing",
      ([, lines, reason]) =>
        Effect.gen(function*() {
          const { folder } = yield* serving
          yield* takeLock(folder)
          const heard = yield* impostor(folder, lines)
          const answer = yield* Effect.flip(askOnce(folder, "drain", token))
          expect(answer).toMatch(reason)
          expect(heard.join("")).toMatch(/^(?:\{"client":"[0-9a-f]{64}"\}\n)?$/)
        })
    )
  })

  it.live("finds nobody where the lock is free, whatever control.json says", () =>
    Effect.gen(function*() {
      const folder = yield* temporaryFolder("control")
      const subject = { path: folder, state_file: join(folder, "queue.json"), token }
      expect(yield* ask(subject, "status")).toBeNull()
      writeFileSync(controlFileIn(folder), "half a fi")
      expect(yield* ask(subject, "drain")).toBeNull()
    }))

  const unreadable: ReadonlyArray<readonly [what: string, content: string | null, says: RegExp]> = [
    ["is not there", null, /control\.json cannot be read: ENOENT/],
    ["is half written", "{\"version\":2", /control\.json is not what a running sidecar writes there/],
    ["has a key that is none", JSON.stringify({ version: 2, key: "é".repeat(64) }), /control\.json is not what/]
  ]
  it.live.each(unreadable)(
    "says in one sentence where control.json %s and the lock is held",
    ([, content, says]) =>
      Effect.gen(function*() {
        const folder = yield* temporaryFolder("control")
        yield* Effect.acquireRelease(takeLock(folder), (held) => Effect.sync(() => held?.release()))
        if (content !== null) writeFileSync(controlFileIn(folder), content)
        const error = yield* Effect.flip(ask({ path: folder, state_file: join(folder, "queue.json"), token }, "status"))
        expect(error.message).toMatch(/a sidecar holds .*, but it does not answer: /)
        expect(error.message).toMatch(says)
        expect(error.message).not.toContain("\n")
      })
  )

  it.live("says where the sidecar is that cannot be reached from here", () =>
    Effect.gen(function*() {
      const { file, folder } = yield* serving
      yield* Effect.acquireRelease(takeLock(folder), (held) => Effect.sync(() => held?.release()))
      writeFileSync(controlFileIn(folder), JSON.stringify({ ...file, address: "/nowhere/socket", host: "build-7" }))
      const error = yield* Effect.flip(ask({ path: folder, state_file: join(folder, "queue.json"), token }, "status"))
      expect(error.message).toContain(
        "nobody can be reached at /nowhere/socket (ENOENT); its control.json was written on the host build-7"
      )
    }))
})
