import { layerWebCrypto, SecureRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHmac, timingSafeEqual } from "node:crypto"
import type { Socket } from "node:net"
import { Listing } from "../../domain/messages/Listing.ts"

const label = "agentcom-sidecar control 2"

/** 32 bytes in hexadecimal: a key, a challenge or a proof. */
export const Hex32 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/))

/** A proof that its sender knows the key. The first part is the role of the sender. */
export const proofOf = (key: string, ...parts: ReadonlyArray<string>): string =>
  createHmac("sha256", Buffer.from(key, "hex")).update(JSON.stringify([label, ...parts])).digest("hex")

/** Whether two `Hex32` values are equal. The time it takes does not tell where they differ. */
export const isSameProof = (one: string, other: string): boolean =>
  timingSafeEqual(Buffer.from(one, "hex"), Buffer.from(other, "hex"))

/** 32 random bytes that nobody can guess, in hexadecimal. */
export const newSecret: Effect.Effect<string> = Effect.flatMap(SecureRandom, ({ randomBytes }) => randomBytes(32)).pipe(
  Effect.map((bytes) => Buffer.from(bytes).toString("hex")),
  Effect.provide(layerWebCrypto)
)

/** Proves which token a client has without telling it. */
export const tokenProof = (key: string, token: Redacted.Redacted<string>): string =>
  proofOf(key, "token", Redacted.value(token))

/** What may be asked of a running sidecar. */
const Command = Schema.Literals(["status", "drain", "inbox", "whole_inbox"])
export type Command = typeof Command.Type

/** The command, and a proof of the client's token. */
const RequestText = Schema.fromJsonString(Schema.Struct({ command: Command, token: Hex32 }))
export const encodeRequest = Schema.encodeSync(RequestText)
export const decodeRequest = Schema.decodeUnknownOption(RequestText)

/** The four lines of a connection, in order. */
export const Hello = Schema.fromJsonString(Schema.Struct({ client: Hex32 }))
export const Challenge = Schema.fromJsonString(Schema.Struct({ server: Hex32, mac: Hex32 }))
export const Asked = Schema.fromJsonString(Schema.Struct({ request: Schema.String, mac: Hex32 }))
export const Answered = Schema.fromJsonString(Schema.Struct({ answer: Schema.String, mac: Hex32 }))

const TaskStatus = Schema.Struct({
  task_id: Schema.String,
  status: Schema.String,
  slot: Schema.Literals(["active", "recovering"]),
  generation: Schema.Int,
  assigned_at: Schema.Number,
  status_since: Schema.Number,
  wake_attempts: Schema.Int,
  woken_at: Schema.NullOr(Schema.Number),
  activity: Schema.String,
  agent_alive: Schema.NullOr(Schema.Boolean) // null if the processes cannot be read
})

/** The talk with other agents. */
const MessagesStatus = Schema.Struct({
  waiting: Schema.Int, // messages to be delivered
  held_until: Schema.NullOr(Schema.Number), // until when hourly limits hold them back
  batch: Schema.NullOr(Schema.Struct({ // that is being delivered
    batch_id: Schema.String,
    status: Schema.String,
    messages: Schema.Int,
    wake_attempts: Schema.Int,
    woken_at: Schema.NullOr(Schema.Number),
    agent_alive: Schema.NullOr(Schema.Boolean) // as of a task
  })),
  outgoing: Schema.Int, // messages of ours that the hub does not have yet
  behind: Schema.Boolean, // whether the hub has messages that are not read yet
  left_out: Schema.Boolean // whether a full inbox left some out that are not read yet
})
export type MessagesStatus = typeof MessagesStatus.Type

/** The status of a running sidecar. Times are epoch milliseconds. */
export const Status = Schema.Struct({
  version: Schema.String,
  agent_id: Schema.String,
  hub_url: Schema.String,
  pid: Schema.Int,
  host: Schema.String,
  pid_namespace: Schema.NullOr(Schema.String),
  started_at: Schema.Number,
  now: Schema.Number,
  connection: Schema.Struct({
    phase: Schema.Literals(["down", "connected", "identified"]),
    since: Schema.Number,
    last_heard_at: Schema.NullOr(Schema.Number)
  }),
  task: Schema.NullOr(TaskStatus),
  messages: Schema.optionalKey(MessagesStatus), // a sidecar of an older version tells none
  owed: Schema.Array(Schema.String), // frames that the hub has not answered, or that wait to be sent
  leaving: Schema.Array(Schema.String), // tasks and batches that are over and whose agent is being stopped
  draining: Schema.Boolean,
  disk: Schema.Literals(["ok", "failing"]),
  /** Why no task is taken; null if one is. */
  not_ready: Schema.NullOr(Schema.Struct({
    cause: Schema.String,
    reason: Schema.String,
    remedy: Schema.String,
    since: Schema.Number
  })),
  counters: Schema.Record(Schema.String, Schema.Int)
})
export type Status = typeof Status.Type

/** The status, whether the client has another token than the sidecar runs with, and the inbox if that was asked and can be read. */
const Answer = Schema.Struct({
  ...Status.fields,
  token_changed: Schema.Boolean,
  inbox: Schema.optionalKey(Listing)
})
export type Answer = typeof Answer.Type
const AnswerText = Schema.fromJsonString(Answer)
export const encodeAnswer = Schema.encodeSync(AnswerText)
export const decodeAnswer = Schema.decodeUnknownEffect(AnswerText)

/** Sends an object as a line of JSON. */
export const sendLine = (socket: Socket, line: object): void => void socket.write(`${JSON.stringify(line)}\n`)

const newline = 0x0a

/**
 * The next line from the socket, without its end. Null if the connection ends first, or if the line has more than `limit`
 * bytes. The bytes after the line stay in the socket.
 */
export const nextLine = (socket: Socket, limit: number): Effect.Effect<string | null> =>
  Effect.callback<string | null>((resume) => {
    const parts: Array<Buffer> = []
    let length = 0
    const settle = (line: string | null) => {
      stop()
      resume(Effect.succeed(line))
    }
    const read = (): void => {
      for (let part: Buffer | null = socket.read(); part !== null; part = socket.read()) {
        const end = part.indexOf(newline)
        parts.push(end < 0 ? part : part.subarray(0, end))
        length += parts.at(-1)?.length ?? 0
        if (length > limit) return settle(null)
        if (end < 0) continue
        if (end + 1 < part.length) socket.unshift(part.subarray(end + 1))
        return settle(Buffer.concat(parts).toString())
      }
    }
    const close = () => settle(null)
    const stop = () => void socket.off("readable", read).off("end", close).off("close", close)
    socket.on("readable", read).on("end", close).on("close", close)
    if (socket.closed || socket.readableEnded) close()
    else read()
    return Effect.sync(stop)
  })
