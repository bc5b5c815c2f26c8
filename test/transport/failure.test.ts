import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { createServer, type Socket } from "node:net"
import { hubRequest } from "../../src/hub/hubHttp.ts"
import { reasonOf } from "../../src/hub/network.ts"
import { settings, startHub } from "../layers/hubRig.ts"
import { ca, eventually, startServer } from "../layers/hubServer.ts"
import { proxyVariables, startProxy } from "../support/proxy.ts"

/** A port where a server greets its clients like this. */
const greeting = (greet: (socket: Socket) => void) =>
  Effect.acquireRelease(
    Effect.promise(() => {
      const open = new Set<Socket>()
      const server = createServer((socket) => {
        open.add(socket.on("error", () => {}))
        greet(socket)
      })
      return new Promise<{ readonly open: Set<Socket>; readonly port: number; readonly close: () => void }>((resolve) =>
        server.listen(0, "127.0.0.1", () => {
          const address = server.address()
          resolve({
            open,
            port: typeof address === "object" && address !== null ? address.port : 0,
            close: () => server.close()
          })
        })
      )
    }),
    ({ close, open }) =>
      Effect.sync(() => {
        for (const socket of open) socket.destroy()
        close()
      })
  )

/** The reason that the log gives for a hub at `hub_url`. */
const closedAt = (hub_url: string) =>
  Effect.gen(function*() {
    const hub = yield* startHub({ settings: { hub_url, tls_ca: ca } })
    yield* eventually(() => hub.logged("ws_closed").length > 0)
    return hub.logged("ws_closed")[0]?.reason
  })

const askedAt = (api_url: string) =>
  Effect.flip(hubRequest({ api_url, path: "", tls: settings, timeout_ms: 10_000 })).pipe(
    Effect.map(({ reason }) => reason)
  )

const greetings: ReadonlyArray<readonly [what: string, greet: (socket: Socket) => void]> = [
  ["HTTP", (socket) => socket.once("data", () => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"))],
  ["SSH", (socket) => socket.write("SSH-2.0-OpenSSH_9.2\r\n")],
  ["JSON", (socket) => socket.once("data", () => socket.end("{\"error\":\"invalid_json\"}"))]
]

describe("a port that speaks no TLS", () => {
  it.live.each(greetings)("but %s is told in one sentence, with what to write", ([, greet]) =>
    Effect.gen(function*() {
      const { port } = yield* greeting(greet)
      const told = `the hub at 127.0.0.1:${port} does not speak TLS; use`
      expect(yield* closedAt(`wss://127.0.0.1:${port}/ws`)).toBe(`${told} ws:// rather than wss://`)
      expect(yield* askedAt(`https://127.0.0.1:${port}`)).toBe(`${told} http:// rather than https://`)
    }))

  it.live("but ends the connection at once is told as well", () =>
    Effect.gen(function*() {
      const { port } = yield* greeting((socket) => socket.end())
      expect(yield* closedAt(`wss://127.0.0.1:${port}/ws`)).toBe(
        `the hub at 127.0.0.1:${port} ends the connection before TLS begins; if it has none, use ws:// rather than wss://`
      )
    }))

  it.live("behind a proxy is the hub, and before the CONNECT it is the proxy", () =>
    Effect.gen(function*() {
      const proxy = yield* startProxy()
      const server = yield* startServer()
      yield* proxyVariables({ HTTPS_PROXY: proxy.url })
      expect(yield* closedAt(server.hub_url.replace("ws:", "wss:")))
        .toBe(`the hub at 127.0.0.1:${server.port} does not speak TLS; use ws:// rather than wss://`)
      yield* proxyVariables({ HTTPS_PROXY: proxy.url.replace("http:", "https:") })
      expect(yield* closedAt("wss://127.0.0.1:1/ws")).toMatch(
        /^the proxy https:\S+ gives no connection to 127\.0\.0\.1:1: it does not speak TLS; look whether/
      )
    }))
})

describe("a port that speaks TLS", () => {
  it.live("is told where it answers plain words by an alert", () =>
    Effect.gen(function*() {
      const alert = Buffer.from("15030100020246", "hex")
      const { port } = yield* greeting((socket) => socket.once("data", () => socket.end(alert)))
      const told = `the hub at 127.0.0.1:${port} speaks TLS; use`
      expect(yield* closedAt(`ws://127.0.0.1:${port}/ws`)).toBe(`${told} wss:// rather than ws://`)
      expect(yield* askedAt(`http://127.0.0.1:${port}`)).toBe(`${told} https:// rather than http://`)
    }))
})

describe("the reason of a failure", () => {
  const line =
    "40ED2351637F0000:error:0A00042E:SSL routines:ssl3_read_bytes:tlsv1 alert protocol version:../deps/x.c:918:\n"
  const refused = (address: string) =>
    Object.assign(new Error(`connect ECONNREFUSED ${address}`), { code: "ECONNREFUSED" })
  const reasons: ReadonlyArray<readonly [cause: unknown, reason: string]> = [
    [new Error(`write EPROTO ${line}`), "TLS failed: tlsv1 alert protocol version"],
    [new Error(line), "TLS failed: tlsv1 alert protocol version"],
    [
      new AggregateError([refused("::1:1"), refused("127.0.0.1:1")]),
      "connect ECONNREFUSED ::1:1; connect ECONNREFUSED 127.0.0.1:1"
    ],
    [new AggregateError([new Error("same"), new Error("same")]), "same"],
    [Object.assign(new Error(""), { code: "EPIPE" }), "EPIPE"],
    [new Error("the answer is too large"), "the answer is too large"],
    ["a text", "a text"]
  ]
  it.each(reasons)("%s is one sentence", (cause, reason) => {
    expect(reasonOf(cause)).toBe(reason)
  })
})
