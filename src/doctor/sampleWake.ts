import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { prepareWake } from "../agent/wake.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { taskOf } from "../domain/hub/assignment.ts"
import type { Task } from "../domain/Work.ts"
import { wakeFiles } from "../process/taskFiles.ts"

/** A task as the hub could give it. */
const taskAt = (now: number): Task =>
  taskOf({
    task_id: "task-0000000000000000",
    generation: 1,
    description: "an example",
    metadata: {},
    assigned_at: now,
    assignment: {}
  })

/** The wake of a task as the sidecar would prepare it. Nothing of it is written or run. */
export const sampleWake = Effect.fnUntraced(function*(settings: Settings) {
  const task = taskAt(yield* Clock.currentTimeMillis)
  return yield* prepareWake(settings, task, wakeFiles(settings.tasks_dir, task.id, "doctor"))
})
