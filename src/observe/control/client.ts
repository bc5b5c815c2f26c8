import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { readFile, stat } from "node:fs/promises"
import { connect, type Socket } from "node:net"
import { emptyStore, StoredState } from "../../domain/SidecarState.ts"
import { exitCodes } from "../../exitCodes.ts"
import { codeOf, exists } from "../../storage/files.ts"
import { isHeld } from "../../storage/folderLock.ts"
import { fromExactJson } from "../../text/json.ts"
import { elsewhereText, reachedAt, readControlFile, thisPlace } from "./ControlFile.ts"
import {
  Answered,
  Challenge,
  type Command,
  decodeAnswer,
  encodeRequest,
  isSameProof,
  newSecret,
  nextLine,
  proofOf,
  sendLine,
  tokenProof
} from "./protocol.ts"
import { control_line_bytes } from "./server.ts"

const control_answer_ms = 5_000
const control_answer_bytes = 1024 * 1024
const starting_ms = 5_000 // for a sidecar that holds its folder to answer
const starting_look_ms = 200

/** The folder of an agent, and the token in its configuration. */
export interface Folder {
  readonly path: string
  readonly state_file: string
  readonly token: Redacted.Redacted<string>
}

/** A sidecar holds the folder, or may hold it, and does not answer. */
class NotAnswered extends Schema.TaggedError<NotAnswered>()("NotAnswered", {
  folder: Schema.String,
  reason: Schema.String
}) {
  override readonly [Runtime.errorExitCode] = exitCodes.unanswered
  override get message(): string {
    return `agentcom-sidecar: a sidecar holds ${this.folder}, but it does not answer: ${this.reason}`
  }
}

const advice: Readonly<Record<string, string>> = {
  EMFILE: ": this process may open no more files (ulimit -n)",
  ENFILE: ": this machine has no more open files to give"
}

/** A connection to the address. The error says in a sentence why there is none. */
const connected = (address: string) =>
  Effect.acquireRelease(
    Effect.callback<Socket, string>((resume) => {
      const socket = connect(address).once("connect", () => resume(Effect.succeed(socket))).on("error", (cause) => {
        const code = codeOf(cause) || cause.message
        resume(Effect.fail(`nobody can be reached at ${address} (${code})${advice[code] ?? ""}`))
      })
    }),
    (socket) => Effect.sync(() => void socket.destroy())
  )

/** Reads and decodes the next line. Fails with `problem` if there is none of that form. */
const receive = <A>(socket: Socket, form: Schema.Codec<A, string>, limit: number, problem: string) =>
  Effect.flatMap(nextLine(socket, limit), Schema.decodeUnknownEffect(form)).pipe(Effect.mapError(() => problem))

/**
 * Asks the sidecar of the folder once. It sends the command only to a server that has proved to know the key, and accepts only an
 * answer with a proof. The error says in a sentence why there is no answer.
 */
export const askOnce = Effect.fnUntraced(
  function*(folder: string, command: Command, token: Redacted.Redacted<string>) {
    const file = yield* readControlFile(folder)
    const { key } = file
    const address = reachedAt(folder, file)
    const impostor = `the process that listens at ${address} cannot prove that it is the sidecar of this folder`
    const socket = yield* connected(address)
    const client = yield* newSecret
    sendLine(socket, { client })
    const { mac, server } = yield* receive(socket, Challenge, control_line_bytes, impostor)
    if (!isSameProof(mac, proofOf(key, "server", client, server))) return yield* Effect.fail(impostor)
    const request = encodeRequest({ command, token: tokenProof(key, token) })
    sendLine(socket, { request, mac: proofOf(key, "client", client, server, request) })
    const answered = yield* receive(socket, Answered, control_answer_bytes, "it gave no answer")
    if (!isSameProof(answered.mac, proofOf(key, "answer", client, server, answered.answer))) {
      return yield* Effect.fail(impostor)
    }
    return yield* Effect.mapError(decodeAnswer(answered.answer), () => "it is of another version: restart it")
  },
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: control_answer_ms,
    orElse: () => Effect.fail(`it said nothing within ${control_answer_ms} ms`)
  })
)

/** The reason, and where the sidecar runs that wrote `control.json`, if that is not here. */
const locatedReason = Effect.fnUntraced(function*(folder: string, reason: string) {
  const where = yield* Effect.map(
    Effect.all([readControlFile(folder), thisPlace]),
    ([file, here]) => elsewhereText(file, here)
  ).pipe(Effect.orElseSucceed(() => ""))
  return where === "" ? reason : `${reason}; its control.json was written${where}`
})

/** The answer of the running sidecar; null if no sidecar holds the folder. A sidecar that is starting is asked again. */
export const ask = ({ path, token }: Folder, command: Command) =>
  askOnce(path, command, token).pipe(
    Effect.catch((reason) => Effect.flatMap(isHeld(path), (held) => held ? Effect.fail(reason) : Effect.succeed(null))),
    Effect.retry({
      schedule: Schedule.spaced(starting_look_ms).pipe(Schedule.upTo({ duration: starting_ms })),
      while: (problem) => typeof problem === "string"
    }),
    Effect.catchIf(
      (problem) => typeof problem === "string",
      (reason) => Effect.flatMap(locatedReason(path, reason), (text) => new NotAnswered({ folder: path, reason: text }))
    )
  )

const readState = async (path: string): Promise<string> => {
  if (!(await exists(path))) return JSON.stringify(emptyStore)
  if (!(await stat(path)).isFile()) throw new Error("it is no regular file") // reading a named pipe would wait
  return readFile(path, "utf8")
}

/** The content of the state file; null if it cannot be read or understood. The next start deals with that. */
export const storedIn = ({ state_file }: Folder): Effect.Effect<StoredState | null> =>
  Effect.tryPromise(() => readState(state_file)).pipe(
    Effect.flatMap(Schema.decodeUnknownEffect(fromExactJson(StoredState))),
    Effect.orElseSucceed(() => null)
  )
