import * as Effect from "effect/Effect"
import { rm } from "node:fs/promises"
import type { Logger } from "../../services/Logger.ts"
import type { FileError } from "../files.ts"
import { attempt, orElseLog } from "../files.ts"
import { knownWake } from "./evidence.ts"
import type { WakeMemory } from "./memory.ts"
import type { WakeProof } from "./record.ts"
import type { WakeFiles } from "./taskFiles.ts"
import { recordedWakes } from "./taskFiles.ts"

/** The wakes that there are records of, as the log, this boot of the machine and our memory allow to know them. */
export const wakeRecords = (tasks_dir: string, boot: string, log: Logger["Service"]["log"], memory: WakeMemory) => {
  type Read = (path: string) => Effect.Effect<WakeProof | null, FileError>
  const prove = (read: Read, files: WakeFiles) => orElseLog(read(files.record_path), log, () => null)
  const recorded = orElseLog(recordedWakes(tasks_dir), log, () => [])
  return {
    prove,
    know: Effect.fnUntraced(function*(read: Read, files: WakeFiles) {
      const known = knownWake(files, yield* prove(read, files), boot)
      return known.record === null ? memory.get(files.record_path)?.wake ?? known : known
    }),
    recorded,
    /** Those too that we have seen ourselves, as their records may be lost. */
    known: Effect.map(recorded, (files) => {
      const all = [...files, ...memory.all().map(({ wake }) => wake.files)]
      return [...new Map(all.map((each) => [each.record_path, each])).values()]
    }),
    remove: (path: string) => orElseLog(attempt(path, () => rm(path, { force: true })), log, () => undefined)
  }
}
