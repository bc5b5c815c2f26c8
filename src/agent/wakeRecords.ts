import * as Effect from "effect/Effect"
import { rm } from "node:fs/promises"
import { alivePath } from "../process/alivePipe.ts"
import { makeRoom } from "../process/log.ts"
import type { Place } from "../process/processes.ts"
import { readRecord, type WakeProof } from "../process/record.ts"
import type { WakeFiles } from "../process/taskFiles.ts"
import { fixedPaths, logPath, recordedWakes } from "../process/taskFiles.ts"
import type { Logger } from "../services/Logger.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, orElseLog } from "../storage/files.ts"
import type { WakeMemory } from "./memory.ts"
import { knownWake } from "./whose.ts"

type Read = (path: string) => Effect.Effect<WakeProof | null, FileError>

/** The wakes that there are records of, as our memory, this place and the folder allow to know them. */
export const wakeRecords = (
  tasks_dir: string,
  place: Effect.Effect<Place, FileError>,
  log: Logger["Service"]["log"],
  memory: WakeMemory
) => {
  const recorded = recordedWakes(tasks_dir)
  const remove = (path: string) => orElseLog(attempt(path, () => rm(path, { force: true })), log, () => undefined)
  const know = Effect.fnUntraced(function*(read: Read, files: WakeFiles) {
    return memory.get(files.record_path)?.wake ??
      (yield* knownWake(files, yield* read(files.record_path), yield* place, tasks_dir))
  })
  return {
    know,
    /** Those of one task, or of all, and those too that we have seen ourselves, as their records may be lost. */
    known: Effect.fnUntraced(function*(read: Read, work_id?: string) {
      const files = [...yield* recorded, ...memory.all().map(({ wake }) => wake.files)]
      const wanted = files.filter((each) => work_id === undefined || each.work_id === work_id)
      const byPath = new Map(wanted.map((each) => [each.record_path, each]))
      const known = yield* Effect.forEach(byPath.values(), (each) => know(read, each))
      return known.filter((wake) => wake !== null)
    }),
    /**
     * Removes all that was written for a task but what keeps launchers off that may still come: its revocations, which are
     * empty where a full disk did not take them. Its output, where that is kept, is cut to what a next wake would leave of it.
     */
    forget: Effect.fnUntraced(function*(work_id: string, keep_output: boolean) {
      const output = logPath(tasks_dir, work_id)
      const ofTask = (yield* orElseLog(recorded, log, () => [])).filter((each) => each.work_id === work_id)
      const files = yield* Effect.filter(
        ofTask,
        ({ record_path }) =>
          Effect.map(
            orElseLog(readRecord(record_path), log, () => "unwritten" as const),
            (proof) => proof !== "revoked" && proof !== "unwritten"
          )
      )
      const paths = [
        ...fixedPaths(tasks_dir, work_id).filter((path) => !keep_output || path !== output),
        ...files.flatMap(({ record_path }) => [record_path, alivePath(record_path)])
      ]
      yield* Effect.forEach(paths, remove, { discard: true })
      if (keep_output) yield* orElseLog(makeRoom(output), log, () => undefined)
    })
  }
}
