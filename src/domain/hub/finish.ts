import type { FilesOfTheEnded } from "../agent/AgentSlot.ts"
import { release } from "../agent/termination.ts"
import {
  cancelTimers,
  ofTaskAgent,
  patch,
  patchConnection,
  type Rule,
  sequence,
  withState,
  withTask
} from "../rules.ts"
import { nothingOutbound } from "../SidecarState.ts"
import { judgeAgent } from "./pause.ts"

/** The task is over for us: its slot is free, and its agent is terminated. */
export const finish = (files: FilesOfTheEnded, linger_ms?: number): Rule =>
  withTask(({ id }) =>
    sequence(
      judgeAgent,
      patch({ outbound: nothingOutbound }),
      withState(({ connection }) =>
        patchConnection({
          ownership: "unknown",
          pending: connection.pending.filter(({ task_id }) => task_id !== id)
        })
      ),
      cancelTimers("progress", "assign_grace", "lookup"),
      ofTaskAgent(release(files, linger_ms)),
      withState(({ stored }) => patch({ stored: { ...stored, recovering: false } }))
    )
  )
