import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { createServer, type Socket } from "node:net"
import { limits } from "../limits.ts"
import { type Holder, type Request, RequestLine } from "./protocol.ts"

/** The answer to a request, one line of JSON without its end. */
export type Respond = (request: Request) => Effect.Effect<string>

/** The first line that the socket sends; none where it sends nothing, or too much. */
const firstLine = (socket: Socket): Effect.Effect<string | null> =>
  Effect.callback<string | null>((resume) => {
    let said = ""
    socket.setEncoding("utf8").on("data", (text: string) => {
      said += text
      const end = said.indexOf("\n")
      if (end >= 0) resume(Effect.succeed(said.slice(0, end)))
      else if (said.length > limits.control_line_chars) resume(Effect.succeed(null))
    })
    socket.on("close", () => resume(Effect.succeed(null)))
  }).pipe(Effect.timeoutOrElse({ duration: limits.control_idle_ms, orElse: () => Effect.succeed(null) }))

const converse = Effect.fnUntraced(function*(socket: Socket, self: Holder, respond: Respond) {
  socket.on("error", () => socket.destroy())
  socket.write(`${JSON.stringify(self)}\n`)
  const request = Schema.decodeUnknownOption(RequestLine)(yield* firstLine(socket))
  if (Option.isSome(request)) socket.end(`${yield* respond(request.value)}\n`)
  else socket.destroy()
})

/** A server that says who holds the folder, and answers one request a connection once `respond` gives an answer. */
export const makeControlServer = Effect.fnUntraced(function*(self: Holder, respond: Respond) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const server = createServer((socket) => void run(converse(socket, self, respond)))
  server.maxConnections = limits.control_connections
  server.unref()
  return server
})
