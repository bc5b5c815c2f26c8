import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { dirname } from "node:path"
import { configLimits } from "../config/limits.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { refusalOf } from "../domain/messages/refusal.ts"
import { tooLarge, type Written, writtenIn } from "../domain/messages/written.ts"
import { exitCodes } from "../exitCodes.ts"
import { isHeld } from "../storage/folderLock.ts"
import { printable } from "../text/terminal.ts"
import { agentsOf } from "./agents.ts"
import { failed, misused } from "./CommandFailed.ts"
import type { Options } from "./commands.ts"
import { outboxOf } from "./place.ts"
import { print } from "./print.ts"
import { codeOfStop, runUntilStopped } from "./runMain.ts"
import { awaitOutcome, awaitReply, type Put, putIntoOutbox } from "./sendFiles.ts"
import { replyText } from "./sendReply.ts"

const presence_ms = 2_000 // for the hub to say who is connected
const wait_s = 60
const wait_most_s = 24 * 60 * 60

/** Where the reply is the result, what became of the message is news beside it. */
const sayOn = (stream: NodeJS.WriteStream) => (line: string): void => void stream.write(`${printable(line)}\n`)
type Say = ReturnType<typeof sayOn>

const waitOf = ({ channel, room, wait }: Options) => {
  if (wait === undefined) return Effect.succeed(null)
  if (room !== undefined) return Effect.fail(misused("--wait cannot go with --room: what is said there names no reply"))
  if (channel !== undefined) {
    return Effect.fail(misused("--wait cannot go with --channel: the hub gives no id by which a reply could be known"))
  }
  const seconds = wait === "" ? wait_s : Number(wait)
  return seconds >= 1 && seconds <= wait_most_s
    ? Effect.succeed(Math.round(seconds * 1_000))
    : Effect.fail(misused(`--wait must be a number of seconds from 1 to ${wait_most_s}`))
}

/** The text on standard input, without the end of its last line. */
const standardInput = (most_bytes: number) =>
  Effect.tryPromise({
    try: async () => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      for await (const chunk of process.stdin) {
        bytes += chunk.length
        if (bytes > most_bytes) throw new Error(`it has more than ${most_bytes} bytes`)
        chunks.push(chunk)
      }
      return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks)).replace(/\r?\n$/, "")
    },
    catch: (cause) => {
      const reason = cause instanceof TypeError
        ? "it is not UTF-8"
        : cause instanceof Error
        ? cause.message
        : "it fails"
      return failed(`the text on standard input cannot be sent: ${reason}`, exitCodes.refused)
    }
  })

/** The message as a file has it. Fails if it is none, or nobody would take it. */
const checked = Effect.fnUntraced(function*(fields: Readonly<Record<string, unknown>>, settings: Settings | null) {
  const written = writtenIn(fields)
  if (typeof written === "string") return yield* misused(written)
  const { message } = written
  const refusal = tooLarge(message.payload, settings?.send_max_bytes ?? configLimits.send_max_bytes) ??
    refusalOf({ ...message, key: "" }, settings?.agent_id ?? "")
  return refusal === null ? written : yield* failed(`the message is not sent: ${refusal}`, exitCodes.refused)
})

/** Whether the receiver is connected, as a sentence behind another; empty where that is not known. */
const presenceOf = ({ message: { target } }: Written, settings: Settings | null): Effect.Effect<string> =>
  settings === null || target._tag !== "Agent" ? Effect.succeed("") : agentsOf(settings, presence_ms).pipe(
    Effect.map((agents) => agents.some(({ agent_id }) => agent_id === target.agent_id)),
    Effect.map((isThere) =>
      isThere
        ? ` ${target.agent_id} is connected.`
        : ` No agent ${target.agent_id} is connected: the hub keeps it for one of that name.`
    ),
    Effect.timeoutOrElse({ duration: presence_ms, orElse: () => Effect.succeed("") }),
    Effect.orElseSucceed(() => "")
  )

/** Says what became of the message. Fails if it was refused. Tells whether a reply may come. */
const tellOutcome = Effect.fnUntraced(function*(put: Put, written: Written, settings: Settings | null, say: Say) {
  const presence = yield* Effect.forkChild(presenceOf(written, settings))
  // A lock that cannot be looked at does not say that nobody holds it.
  const runs = yield* Effect.orElseSucceed(isHeld(dirname(put.outbox_dir)), () => true)
  const told = runs ? yield* awaitOutcome(put) : null
  const there = yield* Fiber.join(presence)
  if (told === null) {
    say(`The message is queued in ${put.outbox_dir}, and goes out when the sidecar runs.${there}`)
    return runs
  }
  const { message_id, reason, status } = told
  if (status === "refused") return yield* failed(`the message is not sent: ${reason}`, exitCodes.refused)
  const sentence = status === "sent"
    ? `The message is sent${message_id === undefined ? "" : ` as ${message_id}`}.`
    : `The message is queued${reason === undefined ? "" : ` (${reason})`}, and goes out as soon as it can.`
  say(`${sentence}${there}`)
  return true
})

const send = Effect.fnUntraced(function*(options: Options, [given = ""]: ReadonlyArray<string>) {
  const { all, channel, "reply-to": reply_to, room, to, type } = options
  const wait_ms = yield* waitOf(options)
  const { outbox_dir, settings } = yield* outboxOf(options)
  const text = given === "-"
    ? yield* standardInput(settings?.send_max_bytes ?? configLimits.send_max_bytes)
    : given
  const say = sayOn(wait_ms === null ? process.stdout : process.stderr)
  const to_type = type ?? (wait_ms === null || reply_to !== undefined ? undefined : "request")
  const fields = {
    to,
    channel,
    room: room !== undefined,
    all: all !== undefined,
    reply_to,
    type: to_type,
    text,
    wait_ms
  }
  const written = yield* checked(fields, settings)
  const put = yield* putIntoOutbox(outbox_dir, { ...fields, outcome: true })
  const mayComeIn = yield* tellOutcome(put, written, settings, say)
  if (wait_ms === null) return exitCodes.stopped
  const reply = mayComeIn ? yield* awaitReply(put, wait_ms) : null
  if (reply === null) {
    say(`No reply has come in ${wait_ms / 1_000} s.`)
    return exitCodes.unanswered
  }
  yield* print([yield* replyText(reply)])
  return exitCodes.stopped
})

/** `agentcom-sidecar send` */
export const main = (options: Options, text: ReadonlyArray<string>): void =>
  runUntilStopped(send(options, text), codeOfStop)
