import * as Effect from "effect/Effect"
import type { ProcessEvidence } from "../../domain/Evidence.ts"
import type { FileError } from "../files.ts"
import type { KnownWake, Processes } from "./processes.ts"
import type { WakeProof, WakeRecord } from "./record.ts"
import type { WakeFiles } from "./taskFiles.ts"

const recordOf = (proof: WakeProof | null): WakeRecord | null => typeof proof === "string" ? null : proof

/** A wake with its record, if that is of this boot of the machine; the processes of another boot are all gone. */
export const knownWake = (files: WakeFiles, proof: WakeProof | null, boot: string): KnownWake => {
  const record = recordOf(proof)
  return { files, record: record?.boot === boot ? record : null }
}

/** Whether the leader of the wake lives; one that has not told its pid yet is found by its cookie. */
export const isAlive = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  wake.record === null
    ? Effect.map(processes.living([wake], []), (living) => living.length > 0)
    : processes.leaderLives(wake)

/** Whether an agent whose record is lost lives of a wake that was revoked just now; a launcher will find that, and end. */
const hasBegun = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  Effect.map(processes.living([wake], []), (living) => living.some(({ began }) => began))

/** What the record of a wake and the process table say together. */
export const evidenceOf = Effect.fnUntraced(
  function*(processes: Processes, files: WakeFiles, proof: WakeProof | null, boot: string) {
    const record = recordOf(proof)
    const this_boot = record === null || record.boot === boot
    const wake = knownWake(files, proof, boot)
    const alive = this_boot && (yield* (proof === "revoked" ? hasBegun : isAlive)(processes, wake))
    const evidence: ProcessEvidence = { process: alive ? "alive" : record === null ? "none" : "gone", this_boot }
    return evidence
  }
)
