import * as Schema from "effect/Schema"
import type { StoredState } from "./SidecarState.ts"
import { Assignment, Task } from "./Work.ts"

const { failure, status, wake, wake_attempts, woken_at } = Task.fields

const TaskV1 = Schema.Struct({ ...Assignment.fields, status, wake_attempts, woken_at, wake, failure })

/** `queue.json` as versions up to 0.1 wrote it. */
export const StoredStateV1 = Schema.Struct({
  version: Schema.Literal(1),
  active: Schema.NullOr(TaskV1),
  recovering: Schema.NullOr(TaskV1)
})

const taskFrom = (
  { assigned_at, assignment, description, metadata, task_id, ...work }: typeof TaskV1.Type
): Task => ({ kind: "task", id: task_id, payload: { assigned_at, assignment, description, metadata }, ...work })

/** The same in today's form. Two tasks were never held for long: the newer one is. */
export const fromV1 = ({ active, recovering }: typeof StoredStateV1.Type): StoredState => {
  const task = active ?? recovering
  return {
    version: 2,
    task: task && taskFrom(task),
    recovering: active === null && recovering !== null,
    messages: null
  }
}
