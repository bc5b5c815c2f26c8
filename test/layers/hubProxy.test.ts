import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { createServer, type Server } from "node:net"
import type { Timing } from "../../src/hub/timing.ts"
import { proxyVariables, startProxy } from "../support/proxy.ts"
import { buildHub, startHub } from "./hubRig.ts"
import { ca, clientCa, eventually, pem, startServer } from "./hubServer.ts"

const timing: Partial<Timing> = { reconnect_first_ms: 20, reconnect_cap_ms: 50 }
const task_id = "task-8b4fb30a0531eff5"
const isOurs = JSON.stringify({ status: "working", assigned_to: "agent-1" })

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === "object" && address !== null ? address.port : 0
}

/** A hub that also answers look-ups. */
const startHubServer = (secure = false, more: Parameters<typeof startServer>[0] = {}) =>
  startServer({ secure, onRequest: (_, response) => response.end(isOurs), ...more })

/** A sidecar that is connected to its hub, with a variable that names a proxy. */
const startIdentified = (variable: string, secure: boolean) =>
  Effect.gen(function*() {
    const proxy = yield* startProxy()
    const server = yield* startHubServer(secure)
    yield* proxyVariables({ [variable]: proxy.url })
    const rig = yield* startHub({ settings: { ...server, tls_ca: secure ? ca : null } })
    yield* eventually(() => rig.tags().includes("Identified"))
    return { proxy, rig, server }
  })

describe("through a proxy", () => {
  const kinds = [[false, "HTTP_PROXY", "ws"], [true, "HTTPS_PROXY", "wss"]] as const

  it.live.each(kinds)(
    "WebSocket and look-up go where secure is %s, as %s says, for %s://",
    ([secure, variable]) =>
      Effect.gen(function*() {
        const { proxy, rig, server } = yield* startIdentified(variable, secure)
        expect(yield* rig.hub.lookUp(task_id)).toBe("ours")
        expect(proxy.asked).toEqual([`127.0.0.1:${server.port}`, `127.0.0.1:${server.port}`])
        expect(rig.logged("ws_connected")[0]?.url).toBe(server.hub_url)
        yield* rig.stop
        yield* eventually(() => server.closes.length > 0)
        expect(server.closes).toEqual([{ code: 1000, reason: "" }])
        yield* eventually(() => proxy.open.size === 0)
      })
  )

  const names = ["http_proxy", "ALL_PROXY", "all_proxy"]
  it.live.each(names)("also where %s names it, and without its scheme", (name) =>
    Effect.gen(function*() {
      const proxy = yield* startProxy()
      const server = yield* startHubServer()
      yield* proxyVariables({ [name]: proxy.host })
      const rig = yield* startHub({ settings: server })
      yield* eventually(() => rig.tags().includes("Identified"))
      expect(proxy.asked).toHaveLength(1)
    }))

  it.live("a wss:// hub is reached by plain HTTP where HTTPS_PROXY has no scheme", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy()
      const server = yield* startHubServer(true)
      yield* proxyVariables({ HTTPS_PROXY: proxy.host })
      const rig = yield* startHub({ settings: { ...server, tls_ca: ca } })
      yield* eventually(() => rig.tags().includes("Identified"))
      expect(proxy.asked).toHaveLength(1)
    }))

  it.live.each(["user:p@ss%25/w%3Ard", "user:"])(
    "user and password are given to it, as %j",
    (login) =>
      Effect.gen(function*() {
        const [user = "", password = ""] = login.split(":")
        const proxy = yield* startProxy({ login: `${user}:${decodeURIComponent(password)}` })
        const server = yield* startHubServer()
        yield* proxyVariables({ HTTP_PROXY: `http://${user}:${password.replaceAll("/", "%2F")}@${proxy.host}` })
        const rig = yield* startHub({ settings: server })
        yield* eventually(() => rig.tags().includes("Identified"))
        expect(yield* rig.hub.lookUp(task_id)).toBe("ours")
      })
  )

  it.live.each(["127.0.0.1", "*", "other.test, 127.0.0.1:PORT"])(
    "not where NO_PROXY is %s",
    (no_proxy) =>
      Effect.gen(function*() {
        const proxy = yield* startProxy()
        const server = yield* startHubServer()
        const NO_PROXY = no_proxy.replace("PORT", String(server.port))
        yield* proxyVariables({ HTTP_PROXY: proxy.url, ALL_PROXY: proxy.url, NO_PROXY })
        const rig = yield* startHub({ settings: server })
        yield* eventually(() => rig.tags().includes("Identified"))
        expect(yield* rig.hub.lookUp(task_id)).toBe("ours")
        expect(proxy.asked).toEqual([])
      })
  )

  it.live.each([["HTTPS_PROXY", false], ["HTTP_PROXY", true]] as const)(
    "not where only %s is set, and the hub is secure: %s",
    ([variable, secure]) =>
      Effect.gen(function*() {
        const { proxy } = yield* startIdentified(variable, secure)
        expect(proxy.asked).toEqual([])
      })
  )

  it.live("the certificate has to be that of the hub, by its name or its address", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy()
      yield* proxyVariables({ HTTPS_PROXY: proxy.url })
      const server = yield* startHubServer(true, { cert: pem("elsewhere.pem"), key: pem("elsewhere.key") })
      const local = yield* startHubServer(true) // for localhost and 127.0.0.1
      const wrong = [
        { hub_url: `wss://127.0.0.1:${server.port}/ws`, tls_ca: clientCa },
        { hub_url: `wss://hub.test:${server.port}/ws`, tls_ca: clientCa },
        { hub_url: `wss://127.0.0.2:${local.port}/ws`, tls_ca: ca }
      ]
      for (const settings of wrong) {
        const rig = yield* startHub({ settings, timing })
        yield* eventually(() => rig.logged("ws_closed").length > 0)
        expect(rig.logged("ws_closed")[0]?.reason).toMatch(/does not match certificate's altnames/)
        yield* rig.stop
      }
      const right = { hub_url: `wss://elsewhere.test:${server.port}/ws`, tls_ca: clientCa }
      const rig = yield* startHub({ settings: right })
      yield* eventually(() => rig.tags().includes("Identified"))
    }))
})

describe("a proxy that gives no connection is told with the remedy, and tried again as ever:", () => {
  const failing = Effect.fnUntraced(function*(HTTP_PROXY: string, timing_: Partial<Timing> = {}) {
    yield* proxyVariables({ HTTP_PROXY })
    const settings = { hub_url: "ws://hub.test:4000/ws", hub_api_url: "http://hub.test:4000" }
    const rig = yield* startHub({ settings, timing: { ...timing, ...timing_ } })
    yield* eventually(() => rig.logged("reconnect_scheduled").length > 2)
    expect(yield* rig.hub.lookUp(task_id)).toBe("unknown")
    yield* rig.stop
    expect(rig.tags()).toEqual([])
    const reasons = new Set(rig.logged("ws_closed").map(({ reason }) => reason))
    const [lookUp] = rig.logged("hub_error")
    return { reasons: [...reasons], lookUp: lookUp?.error, all: JSON.stringify(rig.events) }
  })

  const login = "someone:s3cret-of-the-proxy"
  const refusals = [
    [407, "HTTP 407 Proxy Authentication Required; put the user and password that it wants into HTTP_PROXY"],
    [403, "HTTP 403 Forbidden; let it allow CONNECT to hub.test:4000, or go around it by NO_PROXY=hub.test"],
    [502, "HTTP 502 Bad Gateway; it does not reach the hub: look at hub_url, at the proxy's own log"]
  ] as const
  it.live.each(refusals)("%i", ([answer, told]) =>
    Effect.gen(function*() {
      const proxy = yield* startProxy({ answer, login, words: login })
      const { all, lookUp, reasons } = yield* failing(proxy.url)
      expect(reasons).toEqual([expect.stringContaining(told)])
      expect(reasons[0]).toContain(`the proxy ${proxy.shown} does not connect to hub.test:4000: `)
      expect(lookUp).toContain(told)
      expect(all).not.toMatch(/someone|s3cret|c29tZW9uZT/)
      yield* eventually(() => proxy.open.size === 0)
    }))

  it.live("one that is not there", () =>
    Effect.gen(function*() {
      const { all, lookUp, reasons } = yield* failing(`http://${login}@127.0.0.1:9`)
      const told =
        "the proxy http://127.0.0.1:9 gives no connection to hub.test:4000: connect ECONNREFUSED 127.0.0.1:9; " +
        "look whether it runs and whether HTTP_PROXY names it rightly, or go around it by NO_PROXY=hub.test"
      expect(reasons).toEqual([told])
      expect(lookUp).toBe(`look-up of ${task_id}: ${told}`)
      expect(all).not.toContain("s3cret")
    }))

  it.live("one that never answers CONNECT, within the time for the opening, and no connection to it is left", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy({ answer: null, login })
      const { all, lookUp, reasons } = yield* failing(proxy.url, { open_timeout_ms: 50, lookup_timeout_ms: 50 })
      expect(reasons).toEqual([
        expect.stringContaining(
          `the proxy ${proxy.shown} gives no connection to hub.test:4000: not open within 50 ms; `
        )
      ])
      expect(lookUp).toContain("gives no connection to hub.test:4000: no answer within 50 ms; ")
      expect(all).not.toContain("s3cret")
      yield* eventually(() => proxy.open.size === 0)
    }))

  it.live("but not for a hub behind it that never answers, and no connection is left of that either", () =>
    Effect.gen(function*() {
      const silent = yield* Effect.acquireRelease(
        Effect.promise(() => {
          const made = createServer((socket) => void socket.on("error", () => {}).resume())
          return new Promise<Server>((resolve) => made.listen(0, "127.0.0.1", () => resolve(made)))
        }),
        (made) => Effect.promise(() => new Promise<void>((resolve) => made.close(() => resolve())))
      )
      const proxy = yield* startProxy()
      yield* proxyVariables({ ALL_PROXY: proxy.url })
      for (const scheme of ["ws", "wss"]) {
        const hub_url = `${scheme}://127.0.0.1:${portOf(silent)}/ws`
        const rig = yield* startHub({ settings: { hub_url }, timing: { ...timing, open_timeout_ms: 100 } })
        yield* eventually(() => rig.logged("ws_closed").length > 1)
        expect(rig.logged("ws_closed")[0]?.reason).toBe("not open within 100 ms")
        yield* rig.stop
        yield* eventually(() => proxy.open.size === 0)
      }
    }))

  it.live("one that hangs up, or speaks no HTTP", () =>
    Effect.gen(function*() {
      for (const words of ["", `hello ${login}\r\n\r\n`, `HTTP/1.1 200 OK\r\n${login.replace(":", "")}\r\n\r\n`]) {
        const server = yield* Effect.acquireRelease(
          Effect.promise(() => {
            const made = createServer((socket) =>
              void socket.on("error", () => {}).once("data", () => socket.end(words))
            )
            return new Promise<Server>((resolve) => made.listen(0, "127.0.0.1", () => resolve(made)))
          }),
          (made) => Effect.promise(() => new Promise<void>((resolve) => made.close(() => resolve())))
        )
        const { all, reasons } = yield* failing(`http://${login}@127.0.0.1:${portOf(server)}`).pipe(Effect.scoped)
        expect(reasons).toHaveLength(1)
        expect(reasons[0]).toMatch(/^the proxy http:\/\/127\.0\.0\.1:\d+ .* hub\.test:4000: .*; /)
        expect(all).not.toContain("s3cret-of")
      }
    }))

  it.live.each(["socks5://", "http://"])("one whose address is none: %s", (scheme) =>
    Effect.gen(function*() {
      const { all, lookUp, reasons } = yield* failing(
        scheme === "http://" ? "http://:80:80" : `${scheme}${login}@h:1080`
      )
      expect(reasons).toEqual([
        expect.stringMatching(/^the environment names .* as the proxy; let HTTP_PROXY .* NO_PROXY$/)
      ])
      expect(lookUp).toContain("the environment names")
      expect(all).not.toContain("s3cret")
    }))
})

describe("a hub that wants a certificate", () => {
  const mine = { tls_cert: pem("client.pem"), tls_key: Redacted.make(pem("client.key")) }

  it.live("is given that of the configuration, by the WebSocket and the look-up, also through a proxy", () =>
    Effect.gen(function*() {
      const server = yield* startHubServer(true, { clientCa })
      const proxy = yield* startProxy()
      for (const variables of [{}, { HTTPS_PROXY: proxy.url }]) {
        yield* Effect.gen(function*() {
          yield* proxyVariables(variables)
          const rig = yield* startHub({ settings: { ...server, tls_ca: ca, ...mine } })
          yield* eventually(() => rig.tags().includes("Identified"))
          expect(yield* rig.hub.lookUp(task_id)).toBe("ours")
          expect(JSON.stringify(rig.events)).not.toContain("PRIVATE")
        }).pipe(Effect.scoped)
      }
      expect(proxy.asked).toHaveLength(2)
    }))

  it.live("refuses who has none, or that of another authority", () =>
    Effect.gen(function*() {
      const server = yield* startHubServer(true, { clientCa })
      const foreign = { tls_cert: pem("server.pem"), tls_key: Redacted.make(pem("server.key")) }
      for (const given of [{}, foreign]) {
        const rig = yield* startHub({ settings: { ...server, tls_ca: ca, ...given }, timing })
        yield* eventually(() => rig.logged("ws_closed").length > 1)
        expect(rig.tags()).toEqual([])
        const { events, hub } = yield* buildHub({ settings: { ...server, tls_ca: ca, ...given } })
        expect(yield* hub.lookUp(task_id)).toBe("unknown")
        expect(events).toHaveLength(1)
        yield* rig.stop
      }
    }))
})
