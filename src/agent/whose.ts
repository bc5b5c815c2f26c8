import * as Effect from "effect/Effect"
import { realpath, stat } from "node:fs/promises"
import { inTime } from "../process/inTime.ts"
import type { KnownWake, Place, TaskLocation } from "../process/processes.ts"
import type { WakeProof, WakeRecord } from "../process/record.ts"
import type { WakeFiles } from "../process/taskFiles.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing } from "../storage/files.ts"

/** One that may not be entered is there, and is not ours. */
const isThereAndClosed = ({ code }: FileError): boolean => code === "EACCES" || code === "EPERM"

/** A folder by its device and inode, as one is seen at two paths where it is mounted twice; null where it is gone. */
const identityOf = (folder: string): Effect.Effect<string | null, FileError> =>
  inTime(folder, attempt(folder, () => stat(folder, { bigint: true }))).pipe(
    Effect.map(({ dev, ino }): string | null => `${dev}:${ino}`),
    Effect.catchIf(isMissing, () => Effect.succeed(null)),
    Effect.catchIf(isThereAndClosed, () => Effect.succeed("closed"))
  )

/** The real path of the folder of the records, or the path itself where there is none yet. */
export const realPathOf = (folder: string): Effect.Effect<string, FileError> =>
  inTime(folder, attempt(folder, () => realpath(folder))).pipe(
    Effect.catchIf(isMissing, () => Effect.succeed(folder))
  )

const recordOf = (proof: WakeProof | null): WakeRecord | null => typeof proof === "string" ? null : proof

/** Whether the folder that the record was made in still exists beside ours; one that is gone was moved, and is ours. */
const isAnothers = Effect.fnUntraced(function*({ tasks_dir }: WakeRecord, folder: string) {
  if (tasks_dir === undefined || tasks_dir === (yield* realPathOf(folder))) return false
  const theirs = yield* identityOf(tasks_dir)
  return theirs !== null && theirs !== (yield* identityOf(folder))
})

/** What cannot be compared, as the system or an older version did not tell it, is no difference. */
const differ = (one: string | undefined, other: string): boolean =>
  one !== undefined && one !== "" && other !== "" && one !== other

const location = (record: WakeRecord, place: Place): TaskLocation => {
  if (differ(record.boot, place.boot)) return "ended"
  return differ(record.pid_namespace, place.pid_namespace) ? "elsewhere" : "here"
}

/**
 * A wake as it is looked for, by what its record says; null where it is that of another folder, of which ours is a copy.
 * Processes of another boot or pid namespace are not looked for by their numbers.
 */
export const knownWake = Effect.fnUntraced(
  function*(files: WakeFiles, proof: WakeProof | null, place: Place, tasks_dir: string) {
    const record = recordOf(proof)
    const at = record === null ? "here" : location(record, place)
    if (record !== null && at !== "ended" && (yield* isAnothers(record, tasks_dir))) return null
    const known: KnownWake = { files, record: at === "here" ? record : null, at }
    return known
  }
)
