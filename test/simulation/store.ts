import * as Effect from "effect/Effect"
import type { StoredState } from "../../src/domain/SidecarState.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { StoreError, type TaskStore } from "../../src/services/TaskStore.ts"
import { quick, saving } from "./latency.ts"
import type { Ledger } from "./ledger.ts"
import type { Life } from "./life.ts"
import type { World } from "./world.ts"

/** What is on the disk: whole after every save; null where there is none, or none any more. */
export class Disk {
  stored: StoredState | null = null
  /** Until when nothing can be saved; virtual milliseconds. */
  full_until = 0
}

const unwritable = (code: "ENOSPC" | "EIO") => new StoreError({ path: "queue.json", cause: new Error(code) })

export const makeStore = (life: Life, world: World, disk: Disk, ledger: Ledger): TaskStore["Service"] => ({
  load: life.operation("load", quick(world), () => {
    ledger.loaded(disk.stored ?? emptyStore)
    return disk.stored
  }),
  save: (state) =>
    Effect.suspend(() => {
      const full = disk.full_until > world.now
      if (full || world.faults.strikes("disk_fails")) {
        world.note(() => "the state cannot be saved")
        ledger.unsaved = true
        world.hinders(world.now)
        return unwritable(full ? "ENOSPC" : "EIO")
      }
      return life.operation("save", saving(world), () => {
        disk.stored = state
        ledger.saved(state)
        world.note(() => `saved ${describe(state)}`)
      })
    })
})

const describe = ({ recovering, task: held }: StoredState): string =>
  [held].flatMap((task) =>
    task === null ? [] : [
      `${recovering ? "recovering" : "held"} ${task.id} g${task.generation} ${task.status} ` +
      `attempts ${task.wake_attempts}${task.failure === null ? "" : ` failed, sent g${task.failure.sent_generation}`}`
    ]
  ).join("; ") || "nothing"
