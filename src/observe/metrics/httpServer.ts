import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { Socket } from "node:net"
import { limits } from "../../limits.ts"
import type { Asked, Page } from "./pages.ts"

/** The server cannot listen there. */
export class ListenError extends Schema.TaggedError<ListenError>()("ListenError", {
  address: Schema.String,
  reason: Schema.String
}) {
  override get message(): string {
    return `nothing can listen at ${this.address}: ${this.reason}`
  }
}

const reasonOf = ({ code, message }: NodeJS.ErrnoException): string =>
  code === "EADDRINUSE" ? "the port is in use" : message

const send = (response: ServerResponse, method: string | undefined, { body, status, type }: Page): void => {
  response.writeHead(status, {
    "content-type": type,
    "content-length": Buffer.byteLength(body),
    "cache-control": "no-store",
    "x-content-type-options": "nosniff"
  })
  response.end(method === "HEAD" ? undefined : body)
}

const refused: Page = { status: 405, type: "text/plain; charset=utf-8", body: "GET and HEAD only\n" }

type Answer = (asked: Asked) => Effect.Effect<Page>

const converse = (answer: Answer, request: IncomingMessage, response: ServerResponse): Effect.Effect<void> => {
  const { headers: { host = "" }, method, url = "/" } = request
  request.resume() // a body is of no interest
  const page = method === "GET" || method === "HEAD"
    ? answer({ path: url.replace(/\?.*/s, ""), host })
    : Effect.succeed(refused)
  return Effect.map(page, (found) => send(response, method, found))
}

const listenAt = (server: Server, host: string, port: number, address: string) =>
  Effect.callback<string, ListenError>((resume) => {
    server.once("error", (error) => resume(Effect.fail(new ListenError({ address, reason: reasonOf(error) }))))
    server.listen(port, host, () => {
      const bound = server.address()
      const taken = typeof bound === "object" && bound !== null ? bound.port : port
      resume(Effect.succeed(`http://${host.includes(":") ? `[${host}]` : host}:${taken}`))
    })
  })

/** Lets the oldest connection that asks nothing go where there is one too many, so that who says nothing keeps nobody out. */
const makeRoom = (server: Server): void => {
  const silent = new Set<Socket>()
  let open = 0
  server.on("connection", (socket: Socket) => {
    open += 1
    if (open > limits.metrics_connections) [...silent][0]?.destroy()
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

/** Answers at `address` (`host:port`) as long as the scope lasts; succeeds with its URL when it listens. */
export const serve = (address: string, answer: Answer): Effect.Effect<string, ListenError, Scope.Scope> =>
  Effect.gen(function*() {
    const run = yield* FiberSet.makeRuntime<never, void, never>()
    const server = yield* Effect.acquireRelease(
      Effect.sync(() =>
        createServer(
          { requestTimeout: limits.metrics_request_ms, headersTimeout: limits.metrics_request_ms },
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
    const { hostname, port } = new URL(`http://${address}`)
    return yield* listenAt(server, hostname.replace(/^\[(.*)\]$/, "$1"), port === "" ? 80 : Number(port), address)
  })
