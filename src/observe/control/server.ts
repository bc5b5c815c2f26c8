import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import type * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { createServer, type Socket } from "node:net"
import type { Message } from "../../domain/Message.ts"
import type { Policy } from "../../domain/SidecarState.ts"
import type { MessageStore } from "../../services/MessageStore.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { nextOverview, overviewAtStart, statusOf } from "./Overview.ts"
import {
  Asked,
  type Command,
  decodeRequest,
  encodeAnswer,
  Hello,
  isSameProof,
  newSecret,
  nextLine,
  proofOf,
  sendLine,
  type Status,
  tokenProof
} from "./protocol.ts"

const control_proof_ms = 2_000 // for a connection to prove that it may ask
export const control_unproved = 32 // connections without proof; one more ends the oldest
export const control_line_bytes = 4 * 1024
const operator_requests = 4

/** A command from a client that has proved to know the key. */
export interface Question {
  readonly command: Command
  /** Whether the client has another token than the sidecar runs with. */
  readonly token_changed: boolean
}

type Respond = (question: Question) => Effect.Effect<string>

/** The folder's control socket, at which operators ask the running sidecar. */
export class Control extends Context.Service<Control, {
  /** Listens until the scope closes. A socket that cannot be made is logged and stops nothing. */
  readonly answerWith: (respond: Respond) => Effect.Effect<void, never, Scope.Scope>
}>()("agentcom-sidecar/Control") {}

/** What the server shares with its clients. */
interface Secrets {
  readonly key: string
  readonly token: Redacted.Redacted<string>
}

const decodeHello = Schema.decodeUnknownOption(Hello)
const decodeAsked = Schema.decodeUnknownOption(Asked)

/** Challenges a client. Null if it cannot prove that it knows the key; then it is told nothing. */
const challenge = Effect.fnUntraced(function*(socket: Socket, { key, token }: Secrets) {
  const hello = Option.getOrNull(decodeHello(yield* nextLine(socket, control_line_bytes)))
  if (hello === null) return null
  const { client } = hello
  const server = yield* newSecret
  sendLine(socket, { server, mac: proofOf(key, "server", client, server) })
  const asked = Option.getOrNull(decodeAsked(yield* nextLine(socket, control_line_bytes)))
  if (asked === null || !isSameProof(asked.mac, proofOf(key, "client", client, server, asked.request))) return null
  const request = Option.getOrNull(decodeRequest(asked.request))
  return request && {
    question: { command: request.command, token_changed: !isSameProof(request.token, tokenProof(key, token)) },
    /** Proves that the answer comes from this server and belongs to this request. */
    prove: (answer: string) => proofOf(key, "answer", client, server, answer)
  }
}, Effect.timeoutOrElse({ duration: control_proof_ms, orElse: () => Effect.succeed(null) }))

/** A server that answers one request a connection, if the client proves to know the key. Other clients learn nothing. */
export const makeControlServer = Effect.fnUntraced(function*(secrets: Secrets, respond: Respond) {
  const run = yield* FiberSet.makeRuntime<never, void, never>()
  const unproved = new Set<Socket>()
  const converse = Effect.fnUntraced(function*(socket: Socket) {
    const proved = yield* challenge(socket, secrets)
    unproved.delete(socket)
    if (proved === null) return void socket.destroy()
    const answer = yield* respond(proved.question)
    sendLine(socket, { answer, mac: proved.prove(answer) })
    socket.end()
  })
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy()).on("close", () => unproved.delete(socket))
    unproved.add(socket)
    // One too many ends the oldest, so that silent clients keep nobody out.
    const [oldest] = unproved
    if (unproved.size > control_unproved) oldest?.destroy()
    run(converse(socket))
  })
  server.on("error", () => {}) // of one connection that could not be accepted
  return server
})

/** What each command asks of the rules. */
const requested: Readonly<Record<Command, Message | null>> = {
  status: null,
  inbox: null,
  whole_inbox: null,
  drain: { _tag: "DrainRequested", exit_code: 0 }
}

/** The inbox for a command that asks for it. */
const inboxFor = (command: Command, list: MessageStore["Service"]["list"]) =>
  command !== "inbox" && command !== "whole_inbox"
    ? Effect.succeed({})
    : list(command === "whole_inbox").pipe(Effect.map((inbox) => ({ inbox })), Effect.orElseSucceed(() => ({})))

/** The part of the status that does not change. */
type Identity = Pick<Status, "version" | "agent_id" | "hub_url" | "pid" | "host" | "pid_namespace">

/** Connects operators and the actor: observes the actor, answers with its status, and passes requests on to it. */
export const makeControlHandler = Effect.fnUntraced(function*(policy: Policy, identity: Identity) {
  const started_at = yield* Clock.currentTimeMillis
  const overview = yield* Ref.make(overviewAtStart(policy, started_at))
  const requests = yield* Queue.sliding<Message>(operator_requests)

  /** The status now. `survivors` tells which tasks have a living agent. */
  const status = Effect.fnUntraced(function*(survivors: Effect.Effect<ReadonlyArray<string>, unknown>) {
    const now = yield* Clock.currentTimeMillis
    const alive = yield* Effect.orElseSucceed(survivors, () => null)
    return { ...identity, started_at, now, ...statusOf(yield* Ref.get(overview), alive) } satisfies Status
  })

  return {
    observe: (event: ActorEvent) =>
      Effect.flatMap(
        Clock.currentTimeMillis,
        (now) => Ref.update(overview, (before) => nextOverview(before, event, now))
      ),
    requests: Stream.fromQueue(requests),
    status,
    /** Answers first and passes the request on then, because a request may end the sidecar. */
    respond: (survivors: Effect.Effect<ReadonlyArray<string>, unknown>, list: MessageStore["Service"]["list"]) =>
      Effect.fnUntraced(function*({ command, token_changed }: Question) {
        const inbox = yield* inboxFor(command, list)
        const answer = encodeAnswer({ ...yield* status(survivors), token_changed, ...inbox })
        const message = requested[command]
        if (message !== null) yield* Queue.offer(requests, message)
        return answer
      })
  }
})
