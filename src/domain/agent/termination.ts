import { domainLimits } from "../limits.ts"
import { type FilesOfTheEnded, noAgent } from "./AgentSlot.ts"
import { type AgentRule, cancelTimers, emit, noop, patch, sequence, withPhase, withState, withWork } from "./rules.ts"

/** Rule 6: a wake that has not been spawned yet never will be. A stop does the same to the wakes of its work. */
export const revokeWake: AgentRule = withPhase(
  "Spawning",
  () => withWork(({ id }) => emit({ _tag: "RevokeWake", work_id: id }))
)

/** Stops the agent, unless that is under way: two stops could not be told apart by their ends. */
export const stop = (work_id: string, linger_ms: number): AgentRule =>
  withState(({ stopping }) =>
    stopping.includes(work_id)
      ? noop
      : sequence(patch({ stopping: [...stopping, work_id] }), emit({ _tag: "StopAgent", work_id, linger_ms }))
  )

/** Stops an agent whose work is over. No other agent of the slot is woken before it is gone. */
export const terminate = (work_id: string, files: FilesOfTheEnded, linger_ms: number): AgentRule =>
  sequence(
    withState(({ terminating }) =>
      patch({ terminating: [...terminating.filter((one) => one.work_id !== work_id), { work_id, files }] })
    ),
    stop(work_id, linger_ms)
  )

/** The work is over: the slot is free, and its agent is terminated. */
export const release = (files: FilesOfTheEnded, linger_ms: number = domainLimits.agent_linger_ms): AgentRule =>
  withWork(({ id }) =>
    sequence(
      patch({ work: null, agent: noAgent }),
      cancelTimers("confirmation", "late_answer", "timeout", "check", "inspection"),
      emit({ _tag: "StopWatching", work_id: id }),
      terminate(id, files, linger_ms)
    )
  )
