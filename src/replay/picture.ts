import type { SidecarState } from "../domain/SidecarState.ts"
import type { Picture } from "./ReplayEvent.ts"

export const pictureOf = (state: SidecarState): Picture => {
  const { task } = state.stored
  return {
    connection: state.connection.phase,
    ownership: state.connection.ownership,
    task_id: task?.id ?? null,
    generation: task?.generation ?? null,
    status: task?.status ?? null,
    attempts: task?.wake_attempts ?? 0,
    agent_phase: state.slots.task.agent.phase._tag,
    disk: state.disk,
    draining: state.draining !== null
  }
}

export const isSamePicture = (a: Picture, b: Picture): boolean =>
  a.connection === b.connection && a.ownership === b.ownership && a.task_id === b.task_id &&
  a.generation === b.generation && a.status === b.status && a.attempts === b.attempts &&
  a.agent_phase === b.agent_phase && a.disk === b.disk && a.draining === b.draining
