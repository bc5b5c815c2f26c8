import { heldTask, type SidecarState } from "../domain/SidecarState.ts"
import type { Picture } from "./ReplayEvent.ts"

export const pictureOf = (state: SidecarState): Picture => {
  const task = heldTask(state)
  return {
    connection: state.connection.phase,
    standing: state.connection.standing,
    task_id: task?.task_id ?? null,
    generation: task?.generation ?? null,
    status: task?.status ?? null,
    attempts: task?.wake_attempts ?? 0,
    activity: state.agent.activity._tag,
    disk: state.disk,
    draining: state.draining !== null
  }
}

export const isSamePicture = (a: Picture, b: Picture): boolean =>
  a.connection === b.connection && a.standing === b.standing && a.task_id === b.task_id &&
  a.generation === b.generation && a.status === b.status && a.attempts === b.attempts &&
  a.activity === b.activity && a.disk === b.disk && a.draining === b.draining
