import { limits } from "../../limits.ts"
import { pauseAfter } from "../Readiness.ts"
import { cancelTimers, noop, patchReadiness, type Rule, sequence, startTimer, withState, withTask } from "../rules.ts"

/** Rule 13: the agent does its work again, or what it is has changed. */
export const endPause: Rule = withState(({ readiness: { failures } }) =>
  failures === 0 ? noop : sequence(patchReadiness({ failures: 0, paused_by: null }), cancelTimers("pause"))
)

const pause = (reason: string): Rule =>
  withState(({ readiness }) => {
    const failures = readiness.failures + 1
    return sequence(patchReadiness({ failures, paused_by: reason }), startTimer("pause", pauseAfter(failures)))
  })

/**
 * Rule 13: what a task that is over says about the agent. A failure that was reported counts where its last wake was
 * short and the agent has given no verdict: it may not be able to work at all. Another end says nothing.
 */
export const judgeAgent: Rule = withState(({ slots: { task: { agent: { gave_verdict, wake_lasted_ms } } } }) =>
  withTask(({ failure }) => {
    if (gave_verdict) return endPause
    const reported = failure !== null && failure.sent_generation !== null
    const short = wake_lasted_ms !== null && wake_lasted_ms < limits.short_wake_ms
    return reported && short ? pause(failure.reason) : noop
  })
)
