import * as Effect from "effect/Effect"
import { realpath, stat } from "node:fs/promises"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing } from "../storage/files.ts"
import { inTime } from "./limits.ts"
import type { WakeFiles, WakeProof, WakeRecord } from "./wakeFiles.ts"

/** The boot and pid namespace of a process. A pid means something only within its own. */
export interface Place {
  readonly boot: string // empty if the platform does not tell
  readonly pid_namespace: string // likewise
}

/** Where the processes of a wake are: here, in another pid namespace, or nowhere, because its boot has ended. */
export type TaskLocation = "here" | "elsewhere" | "ended"

/** A wake whose processes are looked for; `record` is null if there is none of this place. */
export interface KnownWake {
  readonly files: WakeFiles
  readonly record: WakeRecord | null
  readonly at: TaskLocation
}

/** A folder that we may not enter exists, and is not ours. */
const isThereAndClosed = ({ code }: FileError): boolean => code === "EACCES" || code === "EPERM"

/** A folder by its device and inode, which are the same at every path where it is mounted; null if it is gone. */
const identityOf = (folder: string): Effect.Effect<string | null, FileError> =>
  inTime(folder, attempt(folder, () => stat(folder, { bigint: true }))).pipe(
    Effect.map(({ dev, ino }): string | null => `${dev}:${ino}`),
    Effect.catchIf(isMissing, () => Effect.succeed(null)),
    Effect.catchIf(isThereAndClosed, () => Effect.succeed("closed"))
  )

/** The real path of the folder of the records, or the path itself if there is no folder yet. */
export const realPathOf = (folder: string): Effect.Effect<string, FileError> =>
  inTime(folder, attempt(folder, () => realpath(folder))).pipe(
    Effect.catchIf(isMissing, () => Effect.succeed(folder))
  )

/** Whether the folder that the record was made in still exists beside ours. If it is gone, it was moved, and is ours. */
const isAnothers = Effect.fnUntraced(function*({ tasks_dir }: WakeRecord, folder: string) {
  if (tasks_dir === undefined || tasks_dir === (yield* realPathOf(folder))) return false
  const theirs = yield* identityOf(tasks_dir)
  return theirs !== null && theirs !== (yield* identityOf(folder))
})

/** What the system or an older version did not tell cannot be compared, and is no difference. */
const differ = (one: string | undefined, other: string): boolean =>
  one !== undefined && one !== "" && other !== "" && one !== other

const location = (record: WakeRecord, place: Place): TaskLocation => {
  if (differ(record.boot, place.boot)) return "ended"
  return differ(record.pid_namespace, place.pid_namespace) ? "elsewhere" : "here"
}

/**
 * A wake by what its record says; null if it belongs to another folder, of which ours is a copy. Only a wake of this boot
 * and pid namespace keeps its record, because the pid in any other means nothing here.
 */
export const knownWake = Effect.fnUntraced(
  function*(files: WakeFiles, proof: WakeProof | null, place: Place, tasks_dir: string) {
    const record = typeof proof === "string" ? null : proof
    const at = record === null ? "here" : location(record, place)
    if (record !== null && at !== "ended" && (yield* isAnothers(record, tasks_dir))) return null
    const known: KnownWake = { files, record: at === "here" ? record : null, at }
    return known
  }
)
