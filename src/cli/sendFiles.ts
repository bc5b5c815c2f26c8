import * as Clock from "effect/Clock"
import { layerWebCrypto, SecureRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { Told } from "../domain/messages/written.ts"
import { JsonObject } from "../domain/Work.ts"
import { exitCodes } from "../exitCodes.ts"
import { attempt, writeDurably } from "../storage/files.ts"
import { makeFolder } from "../storage/folders.ts"
import { outcomePath, replyPath } from "../storage/outboxFiles.ts"
import { fromExactJson } from "../text/json.ts"
import { failed } from "./CommandFailed.ts"

const outcome_ms = 10_000 // for the sidecar to take the message and the hub to answer
const look_ms = 100
const late_ms = 1_000 // for a reply of the last moment to be written
const name_bytes = 8 // random ones

/** A message in the outbox. */
export interface Put {
  readonly outbox_dir: string
  readonly name: string
  readonly at: number // epoch milliseconds
}

/** A reply, as it is handed over. */
export const Reply = Schema.Struct({
  message_id: Schema.String,
  from: Schema.String,
  type: Schema.String,
  payload: JsonObject
})
export type Reply = typeof Reply.Type

const randomName = Effect.flatMap(SecureRandom, ({ randomBytes }) => randomBytes(name_bytes)).pipe(
  Effect.map((bytes) => `send-${Buffer.from(bytes).toString("hex")}`),
  Effect.provide(layerWebCrypto)
)

/** Writes the message into the outbox, under a name of its own. It survives a power failure. */
export const putIntoOutbox = Effect.fnUntraced(function*(outbox_dir: string, fields: object) {
  const name = yield* randomName
  const path = join(outbox_dir, `${name}.json`)
  yield* attempt(path, async () => {
    await makeFolder(dirname(outbox_dir), outbox_dir)
    await writeDurably(path, `${JSON.stringify(fields)}\n`)
  }).pipe(
    Effect.mapError(({ reason }) => failed(`the message cannot be written: ${reason}`, exitCodes.unreadable))
  )
  return { outbox_dir, name, at: yield* Clock.currentTimeMillis } satisfies Put
})

/** What the file says; null if there is none. */
const readOutcome = <A>(path: string, form: Schema.Codec<A, string>): Effect.Effect<A | null> =>
  attempt(path, () => readFile(path, "utf8")).pipe(
    Effect.map((text) => Option.getOrNull(Schema.decodeUnknownOption(form)(text))),
    Effect.orElseSucceed(() => null)
  )

/** Looks at the file until it says enough, for at most that time. Returns what it said last. */
const lookUntil = Effect.fnUntraced(function*<A>(
  look: Effect.Effect<A | null>,
  isEnough: (found: A) => boolean,
  within_ms: number
) {
  const found = Effect.repeat(look, {
    schedule: Schedule.spaced(look_ms),
    until: (said) => said !== null && isEnough(said)
  })
  return yield* Effect.timeoutOrElse(found, { duration: within_ms, orElse: () => look })
})

const ToldText = Schema.fromJsonString(Told)
const ReplyText = fromExactJson(Reply)

/** What has become of the message: how its sending ended, or how far it is after some seconds. Null if nobody has taken it. */
export const awaitOutcome = ({ name, outbox_dir }: Put): Effect.Effect<Told | null> =>
  lookUntil(readOutcome(outcomePath(outbox_dir, name), ToldText), ({ status }) => status !== "queued", outcome_ms)

/** The reply; null if none comes within `wait_ms` of the writing of the message. */
export const awaitReply = Effect.fnUntraced(function*({ at, name, outbox_dir }: Put, wait_ms: number) {
  const left_ms = at + wait_ms + late_ms - (yield* Clock.currentTimeMillis)
  return yield* lookUntil(readOutcome(replyPath(outbox_dir, name), ReplyText), () => true, Math.max(0, left_ms))
})
