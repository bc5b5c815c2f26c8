import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { constants } from "node:fs"
import { open, readdir, readFile, rm } from "node:fs/promises"
import { dirname, join } from "node:path"
import { isSafeWorkId } from "../domain/ids.ts"
import { attempt, FileError, isMissing } from "../storage/files.ts"
import { makeOne, orAbsent } from "../storage/folders.ts"
import { inTime, polling, processLimits } from "./limits.ts"

/** The files of one wake: the record that proves it, the task it was given, the text its agent is to read, and messages for it. */
export interface WakeFiles {
  readonly work_id: string
  readonly wake_id: string
  readonly record_path: string
  readonly payload_path: string
  readonly prompt_path: string
  readonly messages_path: string
}

/** A file that is written for the agent. `unless_there`: what an earlier wake was given stays. */
export interface GivenFile {
  readonly path: string
  readonly text: string
  readonly unless_there?: true
}

const payloadPath = (folder: string, work_id: string): string => join(folder, `${work_id}.json`)
const promptPath = (folder: string, work_id: string): string => join(folder, `${work_id}.prompt`)

/** The messages of a batch, or those that came for the agent of a task. */
export const messagesPath = (folder: string, work_id: string): string => join(folder, `${work_id}.messages.json`)

/** A payload of a message that is a file of its own. The name is ours alone: one from the hub could lead anywhere. */
export const largePayloadPath = (folder: string, work_id: string, number: number): string =>
  join(folder, `${work_id}.${number}.payload.json`)

/** The payloads of messages of this work that are files of their own. */
export const largePayloads = (folder: string, work_id: string): Effect.Effect<ReadonlyArray<string>, FileError> =>
  attempt(folder, () => readdir(folder)).pipe(
    orAbsent<ReadonlyArray<string>>(folder, []),
    Effect.map((names) =>
      names.filter((name) =>
        name.startsWith(`${work_id}.`) && /^\d+\.payload\.json$/.test(name.slice(work_id.length + 1))
      ).map((name) => join(folder, name))
    )
  )

/** What the wake command printed. */
export const logPath = (folder: string, work_id: string): string => join(folder, `${work_id}.log`)

/** The files of work that all its wakes share. */
export const fixedPaths = (folder: string, work_id: string): ReadonlyArray<string> =>
  [payloadPath, promptPath, messagesPath, logPath].map((path) => path(folder, work_id))

export const wakeFiles = (folder: string, work_id: string, wake_id: string): WakeFiles => ({
  work_id,
  wake_id,
  record_path: join(folder, `${work_id}.${wake_id}.wake`),
  payload_path: payloadPath(folder, work_id),
  prompt_path: promptPath(folder, work_id),
  messages_path: messagesPath(folder, work_id)
})

/** A task id may hold dots and a wake id holds none, so the last dot parts them. */
const recordName = /^(.+)\.([^.]+)\.wake$/

/** Every wake, of any task, that has a record in `folder`. */
export const recordedWakes = (folder: string): Effect.Effect<ReadonlyArray<WakeFiles>, FileError> =>
  attempt(folder, () => readdir(folder)).pipe(
    orAbsent<ReadonlyArray<string>>(folder, []),
    (listing) => inTime(folder, listing),
    Effect.map((names) =>
      names.flatMap((name) => {
        const [, work_id, wake_id] = recordName.exec(name) ?? []
        return work_id !== undefined && wake_id !== undefined && isSafeWorkId(work_id)
          ? [wakeFiles(folder, work_id, wake_id)]
          : []
      })
    )
  )

/**
 * What the launcher wrote before it became the wake command. `start_time`, `boot` and `pid_namespace` are empty where the
 * system does not tell them. Records of older versions have none of the optional keys.
 */
const WakeRecord = Schema.Struct({
  wake_id: Schema.String,
  boot: Schema.String,
  pid_namespace: Schema.optionalKey(Schema.String),
  tasks_dir: Schema.optionalKey(Schema.String), // its real path
  log_offset: Schema.Int, // bytes; the output of this wake begins there
  pid: Schema.Int,
  start_time: Schema.String
})
export type WakeRecord = typeof WakeRecord.Type

const Revocation = Schema.Struct({ revoked: Schema.Literal(true) })

const decode = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Union([WakeRecord, Revocation])))

/** `revoked`: the command has not run and never will. `unwritten`: the launcher has made the file and not filled it. */
export type WakeProof = WakeRecord | "revoked" | "unwritten"

/** The part of a record that is known before its launcher runs. */
export type KnownBefore = Omit<WakeRecord, "pid" | "start_time">

/** The beginning of a record. Its launcher appends its own pid and start time. */
export const recordPrefix = (known: KnownBefore): string => JSON.stringify(known).slice(0, -1)

const understand = (text: string): WakeProof =>
  Option.match(decode(text), {
    onNone: () => "unwritten",
    onSome: (content) => "revoked" in content ? "revoked" : content
  })

/** What the record says at this moment; null if there is none. */
export const readRecord = (path: string): Effect.Effect<WakeProof | null, FileError> =>
  attempt(path, () => readFile(path, "utf8")).pipe(
    Effect.map(understand),
    orAbsent(path, null),
    (reading) => inTime(path, reading)
  )

/** Reads a record whose launcher may be writing it, and waits up to `record_write_ms` until it is whole. */
export const settledRecord = (path: string): Effect.Effect<WakeProof | null, FileError> =>
  readRecord(path).pipe(
    Effect.repeat({ schedule: polling, until: (proof) => proof !== "unwritten" }),
    Effect.timeoutOrElse({
      duration: processLimits.record_write_ms,
      orElse: () => Effect.succeed<WakeProof>("unwritten")
    })
  )

/** Replaces the record of a wake that must not run. It is shorter than every record, and a full disk may leave it empty. */
export const revocation = JSON.stringify({ revoked: true })

/** The file alone keeps the launcher from running anything, even if the disk has no room for the content. */
const makeRevocation = async (path: string): Promise<void> => {
  const handle = await open(path, "wx", 0o600)
  await handle.writeFile(revocation).finally(() => handle.close()).catch(() => undefined)
}

/** Reads the record, or makes a revocation first: a launcher that comes later finds it and does not run the command. */
export const revokeOrRead = (path: string): Effect.Effect<WakeProof | null, FileError> => {
  const folder = dirname(path)
  const revoke = inTime(path, attempt(path, () => makeRevocation(path)))
  return revoke.pipe(
    Effect.catchIf(isMissing, () =>
      attempt(folder, () => makeOne(folder)).pipe(
        // EEXIST here means that a dangling link has the folder's name. Without its code it is not taken for the record's.
        Effect.mapError((error) => new FileError({ ...error, code: "" })),
        Effect.andThen(revoke)
      )),
    Effect.as<WakeProof>("revoked"),
    Effect.catchIf((error) => error.code === "EEXIST", () => settledRecord(path))
  )
}

/** Whether a launcher that has ended made no whole record and so ran nothing. Removes what it made in that case. */
export const clearUnwritten = (path: string): Effect.Effect<boolean, FileError> =>
  readRecord(path).pipe(
    Effect.map((proof) => proof === null || proof === "unwritten"),
    Effect.tap((unwritten) => unwritten ? Effect.ignore(attempt(path, () => rm(path, { force: true }))) : Effect.void)
  )

/** The FIFO that a wake holds open while it lives. It shows life where no process table does: in another container. */
export const alivePath = (record_path: string): string => `${record_path}.alive`

/** Who holds the FIFO. `missing`: the system could not make it, or nobody held it when the command ended. */
type Holder = "held" | "nobody" | "missing"

/** Opening a FIFO for writing fails at once if nobody reads it (fifo(7)). Windows has none of these flags. */
const probing = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOFOLLOW ?? 0)

const holderByCode: Readonly<Record<string, Holder>> = {
  ENXIO: "nobody",
  ENOENT: "missing",
  ELOOP: "missing",
  EISDIR: "missing"
}

/** Who holds the FIFO of this record. An error means that nobody knows. */
export const holderOf = (record_path: string): Effect.Effect<Holder, FileError> => {
  const path = alivePath(record_path)
  const probe = attempt(path, async (): Promise<Holder> => {
    const handle = await open(path, probing)
    try {
      return (await handle.stat()).isFIFO() ? "held" : "missing"
    } finally {
      await handle.close()
    }
  })
  return inTime(path, probe).pipe(
    Effect.catch((error) => {
      const holder = holderByCode[error.code]
      return holder === undefined ? Effect.fail(error) : Effect.succeed(holder)
    })
  )
}

/**
 * Removes the FIFO of a command that has ended if nothing that it started holds it. Otherwise something of it that works on
 * elsewhere would be taken for dead.
 */
export const dropUnheld = (record_path: string): Effect.Effect<void> =>
  holderOf(record_path).pipe(
    Effect.flatMap((holder) =>
      holder === "nobody" ? attempt(record_path, () => rm(alivePath(record_path), { force: true })) : Effect.void
    ),
    Effect.ignore
  )
