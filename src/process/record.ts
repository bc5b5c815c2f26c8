import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { open, readFile, rm } from "node:fs/promises"
import { dirname } from "node:path"
import { orAbsent } from "../storage/absent.ts"
import { attempt, FileError, isMissing } from "../storage/files.ts"
import { makeOne } from "../storage/makeFolder.ts"
import { revocation } from "../storage/revocation.ts"
import { inTime } from "./inTime.ts"
import { wakerLimits } from "./limits.ts"
import { polling } from "./polling.ts"

/**
 * What the launcher wrote before it became the wake command. An empty `start_time`, `boot` or `pid_namespace` is one that
 * the system does not tell; records of older versions have neither of the optional ones.
 */
const WakeRecord = Schema.Struct({
  wake_id: Schema.String,
  boot: Schema.String,
  pid_namespace: Schema.optionalKey(Schema.String),
  tasks_dir: Schema.optionalKey(Schema.String), // its real path
  log_offset: Schema.Int, // bytes; what this wake prints begins there
  pid: Schema.Int,
  start_time: Schema.String
})
export type WakeRecord = typeof WakeRecord.Type

const Revocation = Schema.Struct({ revoked: Schema.Literal(true) })

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Union([WakeRecord, Revocation])))

/** `revoked`: the command has not run and never will. `unwritten`: the launcher has made the file and not filled it. */
export type WakeProof = WakeRecord | "revoked" | "unwritten"

/** What of a record is known before its launcher runs. */
export type KnownBefore = Omit<WakeRecord, "pid" | "start_time">

/** The beginning of a record, to which its launcher adds what only it knows. */
export const recordPrefix = (known: KnownBefore): string => JSON.stringify(known).slice(0, -1)

const understand = (text: string): WakeProof =>
  Option.match(decode(text), {
    onNone: () => "unwritten",
    onSome: (content) => "revoked" in content ? "revoked" : content
  })

/** What the record says at this moment; null where there is none. */
export const readRecord = (path: string): Effect.Effect<WakeProof | null, FileError> =>
  attempt(path, () => readFile(path, "utf8")).pipe(
    Effect.map(understand),
    orAbsent(path, null),
    (reading) => inTime(path, reading)
  )

/** Reads a record that may be in the making, and waits until it is whole. */
export const settledRecord = (path: string): Effect.Effect<WakeProof | null, FileError> =>
  readRecord(path).pipe(
    Effect.repeat({ schedule: polling, until: (proof) => proof !== "unwritten" }),
    Effect.timeoutOrElse({
      duration: wakerLimits.record_write_ms,
      orElse: () => Effect.succeed<WakeProof>("unwritten")
    })
  )

/** The launcher is kept off by the file itself, whether or not the disk has room for what it says. */
const makeRevocation = async (path: string): Promise<void> => {
  const handle = await open(path, "wx", 0o600)
  await handle.writeFile(revocation).finally(() => handle.close()).catch(() => undefined)
}

/** Reads the record, or makes it first, so that a launcher that comes later finds it and does not run the command. */
export const revokeOrRead = (path: string): Effect.Effect<WakeProof | null, FileError> => {
  const folder = dirname(path)
  const revoke = inTime(path, attempt(path, () => makeRevocation(path)))
  return revoke.pipe(
    Effect.catchIf(isMissing, () =>
      attempt(folder, () => makeOne(folder)).pipe(
        // A link to nowhere is in the way of the folder; it is not the record that is there.
        Effect.mapError((error) => new FileError({ ...error, code: "" })),
        Effect.andThen(revoke)
      )),
    Effect.as<WakeProof>("revoked"),
    Effect.catchIf((error) => error.code === "EEXIST", () => settledRecord(path))
  )
}

/** Whether the launcher, which has ended, made no whole record, and so ran nothing; what it made is removed then. */
export const clearUnwritten = (path: string): Effect.Effect<boolean, FileError> =>
  readRecord(path).pipe(
    Effect.map((proof) => proof === null || proof === "unwritten"),
    Effect.tap((unwritten) => unwritten ? Effect.ignore(attempt(path, () => rm(path, { force: true }))) : Effect.void)
  )
