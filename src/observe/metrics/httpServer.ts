import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
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

interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** A request: the path without its query, and the `host` header. */
interface Asked {
  readonly path: string
  readonly host: string
}

interface Sources {
  readonly status: Effect.Effect<Status>
  readonly health: Effect.Effect<Health>
  /** Brings the metrics up to date. */
  readonly refresh: Effect.Effect<void>
  /** Whether the server listens on this machine only, so that it may show the names of tasks. */
  readonly is_local: boolean
}

const json = (status: number, body: object): Page => ({
  status,
  type: "application/json; charset=utf-8",
  body: `${JSON.stringify(body)}\n`
})

const text = (body: string, type = "text/plain; charset=utf-8", status = 200): Page => ({ status, type, body })

/** A web page can make its own host name lead to this machine. A browser then sends that name. */
const isLocalName = (host: string): boolean => {
  const { hostname = "" } = URL.parse(`http://${host}`) ?? {}
  return isLoopback(hostname)
}

const notFound = text("/metrics, /healthz and /status are here\n", undefined, 404)
const notAllowed = text("GET and HEAD only\n", undefined, 405)
const forbidden = json(403, { error: "it names tasks, so it is shown only at a loopback address of this machine" })

/** The answer to a GET. */
export const pageAt = ({ health, is_local, refresh, status }: Sources, { host, path }: Asked): Effect.Effect<Page> => {
  switch (path) {
    case "/metrics":
      return Effect.andThen(
        refresh,
        Effect.map(PrometheusMetrics.format(), (body) => text(body, "text/plain; version=0.0.4; charset=utf-8"))
      )
    case "/healthz":
      return Effect.map(health, (found) => json(found.healthy ? 200 : 503, found))
    case "/status":
      return is_local && isLocalName(host)
        ? Effect.map(status, (said) => json(200, { running: true, ...said }))
        : Effect.succeed(forbidden)
    default:
      return Effect.succeed(notFound)
  }
}

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code === "EADDRINUSE" ? "the port is in use" : message

type Answer = (asked: Asked) => Effect.Effect<Page>

const converse = Effect.fnUntraced(function*(answer: Answer, request: IncomingMessage, response: ServerResponse) {
  const { headers: { host = "" }, method, url = "/" } = request
  request.resume() // drops a body
  const isAllowed = method === "GET" || method === "HEAD"
  const { body, status, type } = isAllowed ? yield* answer({ path: url.replace(/\?.*/s, ""), host }) : notAllowed
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff"
  })
  response.end(method === "HEAD" ? undefined : body)
})

const listenAt = (server: Server, address: string) =>
  Effect.callback<string, ListenError>((resume) => {
    const { host, port } = endpointOf(new URL(`http://${address}`))
    server.once("error", (error) => resume(Effect.fail(new ListenError({ address, reason: reasonOf(error) }))))
    server.listen(port, host, () => {
      const bound = server.address()
      const taken = typeof bound === "object" && bound !== null ? bound.port : port
      resume(Effect.succeed(`http://${host.includes(":") ? `[${host}]` : host}:${taken}`))
    })
  })

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

/** Answers at `address` (`host:port`) until the scope closes. Returns its URL once it listens. */
export const serve = (address: string, answer: Answer): Effect.Effect<string, ListenError, Scope.Scope> =>
  Effect.gen(function*() {
    const run = yield* FiberSet.makeRuntime<never, void, never>()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer(
          { requestTimeout: metrics_request_ms, headersTimeout: metrics_request_ms },
          (request, response) => void run(converse(answer, request, response))
        )
      ),
      (open) =>
        Effect.sync(() => {
          open.close()
          open.closeAllConnections()
        })
    )
    makeRoom(server)
    server.on("clientError", (_, socket) => socket.destroy())
    return yield* listenAt(server, address)
  })
