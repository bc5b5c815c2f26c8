import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { Sightings } from "../../src/agent/results/fileTimes.ts"
import { rescan_ms } from "../../src/agent/results/folderWatch.ts"
import { folderEvidence, nothingTold, observe, type TaskResults } from "../../src/agent/results/taskResults.ts"
import type { Observation, ResultWatcher } from "../../src/services/ResultWatcher.ts"
import type { FileKind, Folder } from "./folder.ts"
import { quick } from "./latency.ts"
import type { Ledger } from "./ledger.ts"
import type { Life } from "./life.ts"
import type { World } from "./world.ts"

const kinds: ReadonlyArray<FileKind> = ["started", "progress", "json"]

type See = (task_id: string) => TaskResults

/** Watches one task: events come, get lost, come twice or late; a rescan finds everything within `rescan_ms`. */
const watch = (
  life: Life,
  world: World,
  folder: Folder,
  ledger: Ledger,
  see: See,
  rescans: Set<(task_id: string) => void>,
  task_id: string
) =>
  Stream.callback<Observation>((queue) =>
    Effect.callback<never>(() => {
      const began = world.now
      let told = nothingTold
      let rescanPlanned = false
      let over = false
      const read = () => {
        if (over) return
        const found = see(task_id)
        const [next, seen] = observe(told, found)
        told = next
        for (const observation of seen) {
          ledger.observed(task_id, observation)
          world.note(() => `the watcher sees ${observation._tag} of ${task_id}`)
          Queue.offerUnsafe(queue, observation)
        }
        if (found.answer?.value === "half-written") planRescan()
      }
      const planRescan = () => {
        if (rescanPlanned) return
        rescanPlanned = true
        // Less than a millisecond may be too little for a sum of floating points to grow by.
        life.later(Math.max(1, rescan_ms - (world.now - began) % rescan_ms), () => {
          rescanPlanned = false
          read()
        })
      }
      const onChange = (changed: string) => {
        if (changed !== task_id) return
        planRescan()
        const { chance, faults } = world
        if (faults.strikes("watch_event_lost")) return
        const late = faults.strikes("watch_event_late")
        life.later(late ? chance.between("watch", 200, 4_900) : chance.between("watch", 0, 30), read)
        if (faults.strikes("watch_event_doubled")) life.later(chance.between("watch", 0, 60), read)
      }
      const rescan = (wanted: string) => {
        if (wanted === task_id) life.later(1, read)
      }
      rescans.add(rescan)
      folder.listeners.add(onChange)
      life.later(chance(world), read)
      return Effect.sync(() => {
        over = true
        rescans.delete(rescan)
        folder.listeners.delete(onChange)
      })
    })
  )

const chance = (world: World): number => world.chance.between("watch", 0, 10)

export const makeWatcher = (
  life: Life,
  world: World,
  folder: Folder,
  ledger: Ledger,
  wall: () => number
): ResultWatcher["Service"] => {
  const sightings = new Sightings()
  const rescans = new Set<(task_id: string) => void>()
  const see: See = (task_id) => folder.read(task_id, sightings, { wall: wall(), steady: Math.floor(world.now) })
  return {
    watch: (task_id) => watch(life, world, folder, ledger, see, rescans, task_id),
    rescan: (task_id) =>
      Effect.sync(() => {
        for (const rescan of rescans) rescan(task_id)
      }),
    look: (task_id) =>
      life.operation("task_inspection", quick(world), () => {
        if (world.faults.strikes("results_unreadable")) {
          ledger.blind_looks++
          return null
        }
        const evidence = folderEvidence(see(task_id))
        ledger.looked(task_id, evidence)
        return evidence
      }),
    clear: (task_id) =>
      life.operation("clear", quick(world), () => {
        folder.remove(task_id, "started")
        folder.remove(task_id, "progress")
      }),
    setAside: (task_id, to) =>
      life.operation("setAside", quick(world), () => {
        for (const kind of kinds) folder.keep(task_id, kind, to)
      }),
    remove: (task_id, keep_answer) =>
      life.operation("remove", quick(world), () => {
        const answer = folder.get(task_id, "json")
        if (!keep_answer && answer !== undefined) ledger.answerRemoved(answer)
        for (const kind of kinds) if (kind !== "json" || !keep_answer) folder.remove(task_id, kind)
      })
  }
}
