import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { readFileSync } from "node:fs"
import { createServer, type RequestListener } from "node:http"
import { createServer as createSecureServer } from "node:https"
import { join } from "node:path"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import { patience_ms } from "../support/patience.ts"

const tls = join(import.meta.dirname, "../fixtures/tls")
export const pem = (name: string): string => readFileSync(join(tls, name), "utf8")
export const ca = pem("ca.pem")
/** The authority that signed client.pem, and elsewhere.pem for the host elsewhere.test. */
export const clientCa = pem("client-ca.pem")

export interface ServerOptions {
  readonly secure?: boolean
  readonly cert?: string
  readonly key?: string
  /** The authority that must have signed client certificates. By default none is asked for. */
  readonly clientCa?: string
  readonly onConnection?: (socket: WebSocket) => void
  /** Gets the stream of each connection. */
  readonly onUpgraded?: (stream: Duplex) => void
  readonly onRequest?: RequestListener
  readonly refuse?: boolean
}

/** Answers as a hub does: identified, and a pong for a ping. */
export const obliging = (socket: WebSocket): void => {
  socket.on("message", (data) => {
    const { type } = JSON.parse(String(data))
    if (type === "identify") socket.send(JSON.stringify({ type: "identified", agent_id: "agent-1" }))
    if (type === "ping") socket.send(JSON.stringify({ type: "pong", timestamp: 1 }))
  })
}

const notFound: RequestListener = (_, response) => response.writeHead(404).end("not here")

const listen = (options: ServerOptions): Promise<ReturnType<typeof createServer>> => {
  const onRequest = options.onRequest ?? notFound
  const server = options.secure === true
    ? createSecureServer(
      {
        cert: options.cert ?? pem("server.pem"),
        key: options.key ?? pem("server.key"),
        ...(options.clientCa === undefined ? {} : { ca: options.clientCa, requestCert: true })
      },
      onRequest
    )
    : createServer(onRequest)
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)))
}

/** A real server on a free port, until the scope closes. */
export const startServer = Effect.fnUntraced(function*(options: ServerOptions = {}) {
  const sockets: Array<WebSocket> = []
  const closes: Array<{ readonly code: number; readonly reason: string }> = []
  const { server, wss } = yield* Effect.acquireRelease(
    Effect.promise(async () => {
      const httpServer = await listen(options)
      const verifyClient = () => options.refuse !== true
      return { server: httpServer, wss: new WebSocketServer({ server: httpServer, path: "/ws", verifyClient }) }
    }),
    (open) =>
      Effect.promise(() => {
        for (const socket of open.wss.clients) socket.terminate()
        open.wss.close()
        open.server.closeAllConnections()
        return new Promise<void>((resolve) => open.server.close(() => resolve()))
      })
  )
  wss.on("connection", (socket, request) => {
    sockets.push(socket)
    socket.on("error", () => {})
    socket.on("close", (code, reason) => closes.push({ code, reason: reason.toString() }))
    const onConnection = options.onConnection ?? obliging
    onConnection(socket)
    options.onUpgraded?.(request.socket)
  })
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  const s = options.secure === true ? "s" : ""
  return {
    sockets,
    closes,
    hub_url: `ws${s}://127.0.0.1:${port}/ws`,
    hub_api_url: `http${s}://127.0.0.1:${port}`,
    port
  }
})

/** Waits in real time until the condition is true, and fails the test if it takes too long. */
export const eventually = (so: () => boolean): Effect.Effect<void> =>
  Effect.sync(so).pipe(
    Effect.repeat({ until: (now) => now, schedule: Schedule.spaced("5 millis") }),
    Effect.timeoutOrElse({
      duration: patience_ms,
      orElse: () => Effect.die(new Error(`did not happen in time: ${so.toString()}`))
    }),
    Effect.asVoid
  )
