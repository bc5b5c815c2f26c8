import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { Task } from "../domain/Task.ts"
import { wakeFiles } from "../layers/waker/taskFiles.ts"
import { prepareWake } from "../layers/waker/wake.ts"
import type { Settings } from "../SidecarConfig.ts"

/** A task as the hub could give it. */
const taskAt = (now: number): Task => ({
  task_id: "task-0000000000000000",
  description: "an example",
  metadata: {},
  generation: 1,
  assigned_at: now,
  status: "accepted",
  wake_attempts: 0,
  woken_at: null,
  wake: null,
  failure: null,
  assignment: {}
})

/** The wake of a task as the sidecar would prepare it. Nothing of it is written or run. */
export const sampleWake = Effect.fnUntraced(function*(settings: Settings) {
  const task = taskAt(yield* Clock.currentTimeMillis)
  return yield* prepareWake(settings, task, wakeFiles(settings.tasks_dir, task.task_id, "doctor"))
})
