import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createServer, type Socket } from "node:net"
import { limits } from "../../limits.ts"
import { nextLine } from "./nextLine.ts"
import { isSameProof, newSecret, proofOf } from "./proof.ts"
import { Asked, type Command, decodeRequest, Hello, tokenProof } from "./protocol.ts"

/** What somebody asks who has proved that they may. */
export interface Question {
  readonly command: Command
  /** Whether they have another token than the sidecar runs with. */
  readonly token_changed: boolean
}

export type Respond = (question: Question) => Effect.Effect<string>

/** What a sidecar shares with those who may ask it. */
export interface Secrets {
  readonly key: string
  readonly token: Redacted.Redacted<string>
}

const decodeHello = Schema.decodeUnknownOption(Hello)
const decodeAsked = Schema.decodeUnknownOption(Asked)

const tell = (socket: Socket, line: object): void => void socket.write(`${JSON.stringify(line)}\n`)

interface Proved {
  readonly question: Question
  /** What shows that the answer is ours, and to this request. */
  readonly prove: (answer: string) => string
}

/** Challenges who has connected; null where they cannot prove that they know the key, and then they learn nothing. */
const challenge = Effect.fnUntraced(function*(socket: Socket, { key, token }: Secrets) {
  const hello = Option.getOrNull(decodeHello(yield* nextLine(socket, limits.control_line_bytes)))
  if (hello === null) return null
  const { client } = hello
  const server = yield* newSecret
  tell(socket, { server, mac: proofOf(key, "server", client, server) })
  const asked = Option.getOrNull(decodeAsked(yield* nextLine(socket, limits.control_line_bytes)))
  if (asked === null || !isSameProof(asked.mac, proofOf(key, "client", client, server, asked.request))) return null
  return Option.match(decodeRequest(asked.request), {
    onNone: () => null,
    onSome: (request): Proved => ({
      question: {
        command: request.command,
        token_changed: !isSameProof(request.token, tokenProof(key, token))
      },
      prove: (answer) => proofOf(key, "answer", client, server, answer)
    })
  })
}, Effect.timeoutOrElse({ duration: limits.control_proof_ms, orElse: () => Effect.succeed(null) }))

/** The connections that have proved nothing yet. One too many ends the oldest, so that silent ones keep nobody out. */
const makeWaitingRoom = () => {
  const waiting = new Set<Socket>()
  return {
    enter: (socket: Socket): void => {
      waiting.add(socket)
      const [oldest] = waiting
      if (waiting.size > limits.control_unproved) oldest?.destroy()
    },
    leave: (socket: Socket): void => void waiting.delete(socket)
  }
}

/** A server that answers one request a connection, of whoever proves to know the key. It tells nothing to anybody else. */
export const makeControlServer = Effect.fnUntraced(function*(secrets: Secrets, respond: Respond) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const waiting = makeWaitingRoom()
  const converse = Effect.fnUntraced(function*(socket: Socket) {
    const proved = yield* challenge(socket, secrets)
    waiting.leave(socket)
    if (proved === null) return void socket.destroy()
    const answer = yield* respond(proved.question)
    socket.end(`${JSON.stringify({ answer, mac: proved.prove(answer) })}\n`)
  })
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()).on("close", () => waiting.leave(socket))
    waiting.enter(socket)
    run(converse(socket))
  })
  server.on("error", () => {}) // of one connection that could not be accepted
  return server
})
