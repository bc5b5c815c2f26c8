import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerRequest from "effect/http/HttpServerRequest"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Schema from "effect/Schema"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { endpointOf, isLoopback } from "../../hub/network.ts"
import type { Status } from "../control/protocol.ts"
import type { Health } from "./health.ts"

export const metrics_connections = 32 // one more replaces the oldest idle one
const metrics_request_ms = 5_000

/** The server cannot listen there. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  address: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `nothing can listen at ${this.address}: ${this.reason}`
  }
}

interface Sources {
  readonly status: Effect.Effect<Status>
  readonly health: Effect.Effect<Health>
  /** Brings the metrics up to date. */
  readonly refresh: Effect.Effect<void>
  /** Whether the server listens on this machine only, so that it may show the names of tasks. */
  readonly is_local: boolean
}

const { text } = HttpServerResponse

const json = (status: number, body: object) =>
  text(`${JSON.stringify(body)}\n`, { status, contentType: "application/json; charset=utf-8" })

/** A web page can make its own host name lead to this machine. A browser then sends that name. */
const isLocalName = (host = ""): boolean => {
  const { hostname = "" } = URL.parse(`http://${host}`) ?? {}
  return isLoopback(hostname)
}

const notFound = text("/metrics, /healthz and /status are here\n", { status: 404 })
const notAllowed = text("GET and HEAD only\n", { status: 405 })
const forbidden = json(403, { error: "it names tasks, so it is shown only at a loopback address of this machine" })

const routes = ({ health, is_local, refresh, status }: Sources) =>
  HttpRouter.addAll([
    HttpRouter.route(
      "GET",
      "/metrics",
      Effect.andThen(
        refresh,
        Effect.map(
          PrometheusMetrics.format(),
          (body) => text(body, { contentType: "text/plain; version=0.0.4; charset=utf-8" })
        )
      )
    ),
    HttpRouter.route("GET", "/healthz", Effect.map(health, (found) => json(found.healthy ? 200 : 503, found))),
    HttpRouter.route("GET", "/status", ({ headers }) =>
      is_local && isLocalName(headers["host"])
        ? Effect.map(status, (said) => json(200, { running: true, ...said }))
        : Effect.succeed(forbidden))
  ])

const noPage = Effect.map(
  HttpServerRequest.HttpServerRequest,
  ({ method }) => method === "GET" || method === "HEAD" ? notFound : notAllowed
)

/** What answers a request. */
export const pages = (sources: Sources) =>
  Effect.map(HttpRouter.toHttpEffect(routes(sources)), (page) =>
    page.pipe(
      Effect.catch(() => noPage),
      Effect.map(HttpServerResponse.setHeaders({ "cache-control": "no-store", "x-content-type-options": "nosniff" }))
    ))

/** Above `metrics_connections`, closes the oldest connection without a request. So silent clients keep nobody out. */
const makeRoom = (server: Server): void => {
  const silent = new Set<Socket>()
  let open = 0
  server.on("connection", (socket: Socket) => {
    open += 1
    if (open > metrics_connections) [...silent][0]?.destroy()
    silent.add(socket)
    socket.once("close", () => {
      open -= 1
      silent.delete(socket)
    })
  })
  server.on("request", ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket)
    response.once("close", () => socket.destroyed || silent.add(socket))
  })
}

const makeServer = (): Server => {
  const server = createServer({ requestTimeout: metrics_request_ms, headersTimeout: metrics_request_ms })
  makeRoom(server)
  return server.on("clientError", (_, socket) => socket.destroy())
}

const reasonOf = (cause: unknown): string =>
  cause instanceof Error
    ? "code" in cause && cause.code === "EADDRINUSE" ? "the port is in use" : cause.message
    : String(cause)

/** Answers at `address` (`host:port`) until the scope closes. Returns its URL once it listens. */
export const serve = (address: string, sources: Sources) =>
  Effect.gen(function*() {
    const { host, port } = endpointOf(new URL(`http://${address}`))
    const server = makeServer()
    const http = yield* NodeHttpServer.make(() => server, { host, port, gracefulShutdownTimeout: 0 }).pipe(
      Effect.mapError(({ cause }) => new ListenError({ address, reason: reasonOf(cause) }))
    )
    yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
    yield* Effect.provideService(HttpServer.serveEffect(yield* pages(sources)), HttpServer.HttpServer, http)
    const taken = "port" in http.address ? http.address.port : port
    return `http://${host.includes(":") ? `[${host}]` : host}:${taken}`
  })
