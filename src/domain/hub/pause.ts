import { domainLimits } from "../limits.ts"
import { pauseAfter } from "../Readiness.ts"
import { cancelTimers, noop, patchReadiness, type Rule, sequence, startTimer, withState, withTask } from "../rules.ts"

/** Rule 13: the agent has shown that it can work (a success or a verdict of its own), or its program has changed. */
export const endPause: Rule = withState(({ readiness: { failures } }) =>
  failures === 0 ? noop : sequence(patchReadiness({ failures: 0, paused_by: null }), cancelTimers("pause"))
)

const pause = (reason: string): Rule =>
  withState(({ readiness }) => {
    const failures = readiness.failures + 1
    return sequence(patchReadiness({ failures, paused_by: reason }), startTimer("pause", pauseAfter(failures)))
  })

/**
 * Rule 13: a reported failure counts against the agent if its last wake was short and the agent gave no verdict: it may not
 * be able to work at all. The agent's own verdict ends the pause.
 */
export const judgeAgent: Rule = withState(({ slots: { task: { agent: { gave_verdict, wake_lasted_ms } } } }) =>
  withTask(({ failure }) => {
    if (gave_verdict) return endPause
    const isReported = failure !== null && failure.sent_generation !== null
    const wasShort = wake_lasted_ms !== null && wake_lasted_ms < domainLimits.short_wake_ms
    return isReported && wasShort ? pause(failure.reason) : noop
  })
)
