import { kindOf } from "../../src/domain/Work.ts"
import type { OrphanedFiles } from "../../src/services/Orphans.ts"
import type { FileKind, Folder } from "./folder.ts"
import { quick } from "./latency.ts"
import type { Ledger } from "./ledger.ts"
import type { Life } from "./life.ts"
import type { Processes } from "./processes.ts"
import type { World } from "./world.ts"

const kinds: ReadonlyArray<FileKind> = ["started", "progress", "json"]

/** Here a file is old after some minutes, so that a life that starts finds such. */
const retention_ms = 3 * 60_000

/** The files that nobody came back for: no task in hand is among those that are moved away, nor one at work. */
export const makeOrphans = (
  life: Life,
  world: World,
  folder: Folder,
  processes: Processes,
  ledger: Ledger,
  wall: () => number
): OrphanedFiles => ({
  stale: life.operation("stale", quick(world), () => {
    const young = (modified_at: number) => wall() - modified_at < retention_ms
    const byTask = Map.groupBy(folder.files.values(), ({ task_id }) => task_id)
    return [...byTask].flatMap(([task_id, files]) => files.some((file) => young(file.modified_at)) ? [] : [task_id])
  }),
  expire: (task_id) =>
    life.operation("expire", quick(world), () => {
      const held = ledger.stored[kindOf(task_id)]
      if (held?.id === task_id && !ledger.unsaved) world.violate(`the files of ${task_id} expire while it is held`)
      if (processes.living().some((session) => session.task_id === task_id)) {
        world.violate(`the files of ${task_id} expire while its agent lives`)
      }
      world.reached("files expired")
      for (const kind of kinds) folder.keep(task_id, kind, "expired")
    })
})
