import * as Effect from "effect/Effect"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import { readWakeId } from "../domain/ids.ts"
import { kindOf, type TaskFound } from "../domain/Work.ts"
import { type KnownWake, knownWake } from "../process/knownWake.ts"
import type { LivingWake, Processes, SeenWake } from "../process/processes.ts"
import {
  dropUnheld,
  holderOf,
  recordedWakes,
  revokeOrRead,
  settledRecord,
  type WakeFiles
} from "../process/wakeFiles.ts"
import type { FileError } from "../storage/files.ts"
import { readPayload } from "./input.ts"
import type { WakerTools } from "./wakes.ts"

/** A wake that lives in another pid namespace. No signal from here reaches it. */
const outOfReach = (wake: KnownWake): LivingWake => (
  { wake, pids: [], group: null, strays: [], began: true, identities: [] }
)

/** The wakes of which something lives, in any pid namespace. */
export const livingWakes = Effect.fnUntraced(
  function*(processes: Processes, wakes: ReadonlyArray<KnownWake>, seen: ReadonlyArray<SeenWake>) {
    const living = yield* processes.living(wakes, seen)
    const others = wakes.filter((wake) => wake.at === "elsewhere" && !living.some((found) => found.wake === wake))
    const held = yield* Effect.filter(
      others,
      ({ files }) => Effect.map(holderOf(files.record_path), (holder) => holder === "held")
    )
    return [...living, ...held.map(outOfReach)]
  }
)

/** Whether the leader of the wake lives. Without a record its pid is not known, and any process of the wake counts. */
export const isAlive = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  wake.record === null
    ? Effect.map(livingWakes(processes, [wake], []), (living) => living.length > 0)
    : processes.leaderLives(wake)

/** Whether a wake that was just revoked has an agent all the same, because its record was lost. A mere launcher will end by itself. */
const hasBegun = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  Effect.map(processes.living([wake], []), (living) => living.some(({ began }) => began))

const alive: ProcessEvidence = { process: "alive", this_boot: true }
const gone: ProcessEvidence = { process: "gone", this_boot: true }
const ended: ProcessEvidence = { process: "gone", this_boot: false }

/** A wake that has not run and never will. */
export const neverBegan: ProcessEvidence = { process: "none", this_boot: true }

/** What is known of a wake: by our memory, else by its record and the process table. Revokes a wake that has no record. */
export const processEvidence = Effect.fnUntraced(
  function*({ memory, place, processes }: WakerTools, tasks_dir: string, files: WakeFiles) {
    const seen = memory.get(files.record_path)
    if (seen !== undefined && (yield* isAlive(processes, seen.wake))) return alive
    const proof = yield* revokeOrRead(files.record_path)
    const wake = yield* knownWake(files, proof, yield* place, tasks_dir)
    if (wake === null) return gone
    if (wake.at === "ended") return ended
    if (yield* (proof === "revoked" ? hasBegun : isAlive)(processes, wake)) return alive
    if (proof === null || typeof proof === "string") return neverBegan
    // If nobody holds the FIFO, the other container has ended, and all that the wake had started there ended with it.
    if (wake.at === "elsewhere") return (yield* holderOf(files.record_path)) === "nobody" ? ended : gone
    yield* dropUnheld(files.record_path)
    return gone
  }
)

/** The newest wake for a task whose leader lives, with that task; null if there is none, or if its payload is not usable. */
export const newestAtWork = Effect.fnUntraced(
  function*({ place, processes }: WakerTools, tasks_dir: string): Effect.fn.Return<TaskFound | null, FileError> {
    const named = (yield* recordedWakes(tasks_dir)).flatMap((files) => {
      const wake = kindOf(files.work_id) === "task" ? readWakeId(files.wake_id) : null
      return wake === null ? [] : [{ files, wake }]
    })
    for (const { files, wake } of named.toSorted((a, b) => b.wake.at - a.wake.at)) {
      const known = yield* knownWake(files, yield* settledRecord(files.record_path), yield* place, tasks_dir)
      const hasLeader = known !== null && (known.record !== null || known.at === "elsewhere")
      if (!hasLeader || !(yield* isAlive(processes, known))) continue
      const assignment = yield* readPayload(files.payload_path)
      return assignment === null || assignment.task_id !== files.work_id ? null : { wake, assignment }
    }
    return null
  }
)
