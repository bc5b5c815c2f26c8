import { terminate } from "../agent/termination.ts"
import { emit, log, noop, ofTaskAgent, patch, type Rule, sequence, withState } from "../rules.ts"
import { isTerminating } from "../slots.ts"
import { kindOf } from "../Work.ts"
import { finish } from "./finish.ts"

/** Rule 9: exactly this task is stopped and its files are removed, also where only its agent is left. */
export const taskCancelled = (task_id: string): Rule =>
  withState((state) => {
    const isHeld = state.stored.task?.id === task_id
    if (!isHeld && !isTerminating(state, task_id)) return noop
    return sequence(
      log({ event: "task_cancelled", task_id }),
      isHeld ? finish("remove", 0) : ofTaskAgent(terminate(task_id, "remove", 0))
    )
  })

/** Files that nobody came back for: not those of work in hand, nor where an agent is left of it. */
export const orphanFound = (work_id: string): Rule =>
  withState((state) =>
    state.stored[kindOf(work_id)]?.id === work_id || isTerminating(state, work_id)
      ? noop
      : emit({ _tag: "ExpireFiles", work_id })
  )

/** Rule 13: the work in hand is finished, no other is taken. */
export const drain = (exit_code: 0 | 75): Rule =>
  sequence(
    patch({ draining: exit_code }),
    log({ event: "draining", exit_code })
  )

export const restartRequested = (reason: string): Rule => sequence(emit({ _tag: "AnnounceRestart", reason }), drain(75))
