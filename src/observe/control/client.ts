import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { connect, type Socket } from "node:net"
import { limits } from "../../limits.ts"
import { type ControlFile, reachedAt } from "./ControlFile.ts"
import { nextLine } from "./nextLine.ts"
import { isSameProof, newSecret, proofOf } from "./proof.ts"
import { Answered, Challenge, type Command, decodeAnswer, encodeRequest, tokenProof } from "./protocol.ts"

const advice: Readonly<Record<string, string>> = {
  EMFILE: ": this process may open no more files (ulimit -n)",
  ENFILE: ": this machine has no more open files to give"
}

/** A connection to the address; fails with why there is none. */
const connected = (address: string) =>
  Effect.acquireRelease(
    Effect.callback<Socket, string>((resume) => {
      const socket = connect(address).once("connect", () => resume(Effect.succeed(socket))).on("error", (cause) => {
        const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : cause.message
        resume(Effect.fail(`nobody can be reached at ${address} (${code})${advice[code] ?? ""}`))
      })
    }),
    (socket) => Effect.sync(() => void socket.destroy())
  )

/** The next line in the form that it has to have; fails with `problem` where it has not. */
const said = <A>(socket: Socket, form: Schema.Codec<A, string>, limit: number, problem: string) =>
  Effect.flatMap(nextLine(socket, limit), Schema.decodeUnknownEffect(form)).pipe(Effect.mapError(() => problem))

const tell = (socket: Socket, line: object) => Effect.sync(() => void socket.write(`${JSON.stringify(line)}\n`))

/**
 * Asks who listens where `file` says. The question is told only to who has proved to know the key, and an answer counts only
 * with its proof. Fails with why there is none.
 */
export const converse = Effect.fnUntraced(
  function*(folder: string, file: ControlFile, command: Command, token: Redacted.Redacted<string>) {
    const { key } = file
    const address = reachedAt(folder, file)
    const impostor = `who listens at ${address} cannot prove to be the sidecar of this folder`
    const socket = yield* connected(address)
    const client = yield* newSecret
    yield* tell(socket, { client })
    const { mac, server } = yield* said(socket, Challenge, limits.control_line_bytes, impostor)
    if (!isSameProof(mac, proofOf(key, "server", client, server))) return yield* Effect.fail(impostor)
    const request = encodeRequest({ command, token: tokenProof(key, token) })
    yield* tell(socket, { request, mac: proofOf(key, "client", client, server, request) })
    const answered = yield* said(socket, Answered, limits.control_answer_bytes, "it gave no answer")
    if (!isSameProof(answered.mac, proofOf(key, "answer", client, server, answered.answer))) {
      return yield* Effect.fail(impostor)
    }
    return yield* Effect.mapError(decodeAnswer(answered.answer), () => "it is of another version: restart it")
  },
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: limits.control_answer_ms,
    orElse: () => Effect.fail(`it said nothing within ${limits.control_answer_ms} ms`)
  })
)
