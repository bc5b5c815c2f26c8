import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import * as http from "node:http"
import type { Duplex } from "node:stream"
import { type WebSocket, WebSocketServer } from "ws"
import { isLoopback } from "../hub/network.ts"
import type { Request, Respond } from "./httpAnswer.ts"
import { isJsonObject, parseJson } from "./json.ts"
import { limits } from "./limits.ts"

/** The hub cannot listen on the port. */
export class PortError extends Schema.TaggedError<PortError>()("PortError", {
  port: Schema.Int,
  cause: Schema.Defect()
}) {
  override get message(): string {
    return `the development hub cannot listen on port ${this.port}`
  }
}

export interface Handlers {
  readonly connected: (socket: WebSocket) => void
  readonly request: (request: Request, respond: Respond) => void
}

/** A listening server. `close` terminates every connection. */
export interface Server {
  readonly port: number
  readonly close: Effect.Effect<void>
}

const HOST = "127.0.0.1"

const hint = "the development hub answers as localhost, 127.0.0.1 and [::1] only"

const ignore = (): void => undefined

const responding = (response: http.ServerResponse): Respond => ({ status, body }) => {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" })
  response.end(body === undefined ? "" : JSON.stringify(body))
}

const toRequest = (incoming: http.IncomingMessage, body: Request["body"]): Request => {
  const url = new URL(incoming.url ?? "/", `http://${HOST}`)
  const bearer = /^Bearer (.*)$/.exec(incoming.headers.authorization ?? "")?.[1]?.trim()
  return {
    method: incoming.method ?? "GET",
    path: url.pathname.split("/").slice(1).map(decodeURIComponent),
    query: new Map(url.searchParams),
    token: bearer ?? url.searchParams.get("token") ?? undefined,
    body,
    address: incoming.socket.remoteAddress ?? HOST,
    host: incoming.headers.host ?? HOST
  }
}

const answer = (
  incoming: http.IncomingMessage,
  body: string,
  handle: Handlers["request"],
  write: Respond
): void => {
  const parsed = body === "" ? Option.some({}) : parseJson(body)
  if (Option.isNone(parsed)) return write({ status: 400, body: { error: "bad_request" } })
  try {
    handle(toRequest(incoming, isJsonObject(parsed.value) ? parsed.value : {}), write)
  } catch (cause) {
    write({ status: cause instanceof URIError ? 400 : 500, body: { error: String(cause) } })
  }
}

/** Refuses names of other hosts: with DNS rebinding a page of such a host could read every task. */
const isForUs = ({ headers: { host = "" } }: http.IncomingMessage): boolean =>
  isLoopback(URL.parse(`http://${host}`)?.hostname ?? "")

const onRequest =
  (handle: Handlers["request"]) => (incoming: http.IncomingMessage, response: http.ServerResponse): void => {
    const write = responding(response)
    if (!isForUs(incoming)) {
      return write({ status: 421, body: { error: "misdirected_request", hint } })
    }
    const chunks: Array<Buffer> = []
    let size = 0
    incoming.on("data", (chunk: Buffer) => {
      size += chunk.length
      if (size <= limits.bodyBytes) chunks.push(chunk)
    })
    // The client has gone.
    incoming.on("error", ignore)
    incoming.on("end", () => {
      if (size > limits.bodyBytes) write({ status: 413, body: { error: "request_too_large" } })
      else answer(incoming, Buffer.concat(chunks).toString("utf8"), handle, write)
    })
  }

const onUpgrade =
  (sockets: WebSocketServer, connected: Handlers["connected"]) =>
  (request: http.IncomingMessage, stream: Duplex, head: Buffer): void => {
    // An error without a listener would end the process.
    stream.on("error", ignore)
    const refuse = (status: string) =>
      stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
    if (!isForUs(request)) return void refuse("421 Misdirected Request")
    if (request.url?.split("?")[0] !== "/ws") return void refuse("404 Not Found")
    sockets.handleUpgrade(request, stream, head, connected)
  }

const shut = (server: http.Server, sockets: WebSocketServer): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    for (const socket of sockets.clients) socket.terminate()
    sockets.close()
    server.close(() => resume(Effect.void))
    server.closeAllConnections()
  })

/** Listens on loopback. Port 0 takes any free port. */
export const serve = (port: number, handlers: Handlers): Effect.Effect<Server, PortError> =>
  Effect.callback((resume) => {
    const sockets = new WebSocketServer({ noServer: true, maxPayload: limits.frameBytes, perMessageDeflate: false })
    const server = http.createServer(onRequest(handlers.request))
    server.on("upgrade", onUpgrade(sockets, handlers.connected))
    server.once("error", (cause) => resume(Effect.fail(new PortError({ port, cause }))))
    server.listen(port, HOST, () => {
      const address = server.address()
      const bound = typeof address === "object" && address !== null ? address.port : port
      resume(Effect.succeed({ port: bound, close: shut(server, sockets) }))
    })
    return shut(server, sockets)
  })

/** Listens again on a port that the system may not have released yet. */
export const serveAgain = (port: number, handlers: Handlers): Effect.Effect<Server, PortError> =>
  Effect.retry(serve(port, handlers), {
    times: limits.listenAttempts,
    schedule: Schedule.spaced(limits.listenRetryRealMs)
  })
