import * as Effect from "effect/Effect"
import type { ProcessEvidence } from "../domain/Evidence.ts"
import { dropUnheld, holderOf } from "../process/alivePipe.ts"
import type { KnownWake, LivingWake, Place, Processes, SeenWake } from "../process/processes.ts"
import type { WakeProof } from "../process/record.ts"
import type { WakeFiles } from "../process/taskFiles.ts"
import type { FileError } from "../storage/files.ts"
import { knownWake } from "./whose.ts"

/** What lives of a wake in another pid namespace: nothing that could be signalled from here. */
const outOfReach = (wake: KnownWake): LivingWake => ({
  wake,
  pids: [],
  group: null,
  strays: [],
  began: true,
  identities: []
})

/** Those of the wakes of which something lives, in whatever pid namespace. */
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

/** Whether the leader of the wake lives; one that has not told its pid yet is found by its cookie. */
export const isAlive = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  wake.record === null
    ? Effect.map(livingWakes(processes, [wake], []), (living) => living.length > 0)
    : processes.leaderLives(wake)

/** Whether an agent whose record is lost lives of a wake that was revoked just now; a launcher will find that, and end. */
const hasBegun = (processes: Processes, wake: KnownWake): Effect.Effect<boolean, FileError> =>
  Effect.map(processes.living([wake], []), (living) => living.some(({ began }) => began))

const alive: ProcessEvidence = { process: "alive", this_boot: true }
const gone: ProcessEvidence = { process: "gone", this_boot: true }
const ended: ProcessEvidence = { process: "gone", this_boot: false }
const none: ProcessEvidence = { process: "none", this_boot: true }

/** What the record of a wake and the process table say together. */
export const evidenceOf = Effect.fnUntraced(
  function*(processes: Processes, files: WakeFiles, proof: WakeProof | null, place: Place, tasks_dir: string) {
    const wake = yield* knownWake(files, proof, place, tasks_dir)
    if (wake === null) return gone
    if (wake.at === "ended") return ended
    if (yield* (proof === "revoked" ? hasBegun : isAlive)(processes, wake)) return alive
    if (proof === null || typeof proof === "string") return none
    // Its container has ended, and with it all that it had started there.
    if (wake.at === "elsewhere") return (yield* holderOf(files.record_path)) === "nobody" ? ended : gone
    yield* dropUnheld(files.record_path)
    return gone
  }
)
