import { type Answer, type Evidence, isAtWork, mayHaveLaunched } from "../Evidence.ts"
import { domainLimits } from "../limits.ts"
import { remaining } from "../RuleOf.ts"
import { nameOf, type Work } from "../Work.ts"
import type { EndCause, InspectionCause } from "./AgentSlot.ts"
import { answerFound, awaitAnswer, confirmed, fail, isOfEarlierSession } from "./outcome.ts"
import { quoting, whyNotAtWork } from "./reasons.ts"
import {
  type AgentRule,
  cancelTimers,
  emit,
  log,
  noop,
  patchWork,
  sequence,
  setPhase,
  startTimer,
  tellOwner,
  withPhase,
  withState,
  withWork,
  withWorkOf
} from "./rules.ts"
import { againOrObstructed, attemptFailed, neverBegan, retryOrFail, tryWake } from "./wake.ts"

/** Asks for the evidence: what the folder and the process table say. Asking also revokes a wake that has not begun. */
export const inspect = (because: InspectionCause): AgentRule =>
  withWork((work) => sequence(setPhase({ _tag: "Inspecting", because }), emit({ _tag: "InspectAgent", work })))

/** Rule 1: inspects before any wake. If an earlier agent of this work is still being stopped, it waits for that first. */
export const inspectOnceGone: AgentRule = withState(({ terminating }) =>
  withWork(({ id }) =>
    terminating.some(({ work_id }) => work_id === id) ? setPhase({ _tag: "AwaitingExit" }) : inspect("evidence")
  )
)

/** Rule 1: inspects the agent, unless something is under way already or the work only waits to be reported. */
export const inspectIfIdle: AgentRule = withState(({ agent }) =>
  withWork(({ status }) => agent.phase._tag !== "Idle" || status === "reporting" ? noop : inspectOnceGone)
)

/** Rule 6: the time for the confirmation runs from the spawn. A restart of the daemon does not extend it. */
const awaitConfirmation: AgentRule = withState(({ policy: { confirmation_timeout_ms } }, now) =>
  withWork(({ wake }) => startTimer("confirmation", remaining(wake?.at ?? now, confirmation_timeout_ms, now)))
)

/** If only the intent of a wake was saved, the time of its spawn is unknown. The time for its confirmation then starts now. */
const confirmingFromNow: AgentRule = withState((_, now) =>
  withWork(({ status, wake }) =>
    status === "waking" ? patchWork({ status: "confirming", wake: wake && { ...wake, at: now } }) : noop
  )
)

/** Follows an agent that was found at work: its results if no wake of it is known, and its process if that lives. */
const follow = (work: Work, evidence: Evidence): AgentRule => {
  if (work.wake === null) return emit({ _tag: "WatchResults", work_id: work.id, wake_id: null })
  return evidence.process === "alive" ? emit({ _tag: "AdoptAgent", work, wake_id: work.wake.id }) : noop
}

/** Rule 1: the agent is at work, so it is not woken. */
const resume = (evidence: Evidence): AgentRule =>
  withWork((work) =>
    sequence(
      setPhase({ _tag: "Running" }),
      confirmingFromNow,
      work.status === "working"
        ? noop
        : patchWork({ status: "confirming", wake_attempts: Math.max(1, work.wake_attempts) }),
      log({ event: "agent_found_at_work", ...nameOf(work.id) }),
      follow(work, evidence),
      evidence.started ? confirmed : noop,
      withWork(({ status }) => status === "confirming" ? awaitConfirmation : noop)
    )
  )

/**
 * Rules 6 and 7: the agent is no longer at work. Before its confirmation the attempt has failed, after it the work ends. If
 * the command may have left an agent that is still starting, that agent keeps its time. A check does not restart this time.
 */
export const notAtWorkAnyMore = (work: Work, this_boot: boolean, because: InspectionCause): AgentRule =>
  withState(({ policy }) => {
    const end = work.wake?.end ?? null
    const reason = whyNotAtWork(end, this_boot, policy)
    if (work.status === "working") return awaitAnswer(reason)
    if (!this_boot) return attemptFailed(reason, "failed")
    if (mayHaveLaunched(end, policy)) {
      return sequence(setPhase({ _tag: "Running" }), because === "check" ? noop : awaitConfirmation)
    }
    const hasSucceeded = end === null || end.how === "unseen" || end.code === 0
    return hasSucceeded ? awaitAnswer(reason) : attemptFailed(reason, "failed")
  })

/** Whether a wake of this work has run. If so, how it ended is judged before another wake is made. */
const hasRun = (work: Work, evidence: Evidence): boolean => {
  if (work.wake === null || work.status === "accepted") return false
  if (work.status === "working") return true
  return !neverBegan(work, evidence) && (work.status === "confirming" || work.wake.end === null)
}

const notAtWork = (work: Work, evidence: Evidence, because: InspectionCause): AgentRule =>
  withState(({ may_judge }) => {
    if (!hasRun(work, evidence)) return tryWake(evidence)
    if (!may_judge) return setPhase({ _tag: "Idle" })
    return sequence(
      confirmingFromNow,
      evidence.started ? confirmed : noop,
      withWork((judged) => notAtWorkAnyMore(judged, evidence.this_boot, because))
    )
  })

/** Rule 7: the timeout has passed, but no wake has begun. The timeout starts again, and the agent is woken. */
const beginAnew = (evidence: Evidence): AgentRule =>
  sequence(
    withState(({ policy }) => startTimer("timeout", policy.timeout_ms)),
    tryWake(evidence)
  )

/**
 * Rule 11: the work fails. An unusable answer that is found now is set aside and named in the reason, unless it is the reason
 * already.
 */
const failWithAnswer = (work_id: string, evidence: Evidence, because: string): AgentRule => {
  const { answer } = evidence
  const reason = quoting(because, evidence)
  if (typeof answer !== "object" || answer?._tag !== "Unusable" || answer.reason === because) return fail(reason)
  return sequence(
    emit({ _tag: "SetAside", work_id, folder: "rejected" }),
    fail(`${reason} (the answer file cannot be used: ${answer.reason})`)
  )
}

const afterStop = (because: EndCause, work: Work, evidence: Evidence, atWork: boolean): AgentRule => {
  const { answer } = evidence
  if (answer === "half-written") return work.wake === null ? resume(evidence) : awaitAnswer(because.reason)
  if (because._tag === "Failed") {
    return work.status !== "working" && neverBegan(work, evidence)
      ? beginAnew(evidence)
      : failWithAnswer(work.id, evidence, because.reason)
  }
  return atWork ? resume(evidence) : retryOrFail(quoting(because.reason, evidence))
}

/** Rule 12: something could not be read. Nothing is decided, and it is read again in 5 s. */
const inspectAgainLater = (because: InspectionCause): AgentRule =>
  sequence(
    because === "check" ? setPhase({ _tag: "Running" }) : noop,
    startTimer("inspection", domainLimits.disk_retry_ms)
  )

/** Rule 13: if no wake of the work has run and its results stay unreadable, the work is given back in the end. */
const cannotTell = (work: Work, evidence: Evidence, because: InspectionCause): AgentRule =>
  withState(({ may_wake }) =>
    because === "evidence" && evidence.process === "none" && may_wake && !hasRun(work, evidence)
      ? againOrObstructed("the results folder cannot be read", inspectAgainLater(because))
      : inspectAgainLater(because)
  )

/** Rule 12: repeats an inspection that could not be completed, or inspects again before a wake that could not begin. */
export const inspectAgain: AgentRule = withState(({ agent: { phase } }) => {
  if (phase._tag === "Inspecting") return inspect(phase.because)
  return phase._tag === "Running" ? inspect("check") : inspectIfIdle
})

/** Rule 12: whether too little could be read to decide. For a plain inspection or a check, a living process is enough. */
const isUndecided = ({ answer, process }: Evidence, because: InspectionCause, atWork: boolean): boolean =>
  process === "unknown" || (answer === "unknown" && !(atWork && (because === "evidence" || because === "check")))

/**
 * Rule 6: the time for the confirmation is over. If `.started` is there although the watcher has not told of it, the wake is
 * confirmed. Otherwise the attempt has failed.
 */
const confirmedOrFailed = (evidence: Evidence): AgentRule =>
  evidence.started ?
    sequence(setPhase({ _tag: "Running" }), confirmed) :
    withState(({ policy: { confirmation_timeout_ms } }) =>
      attemptFailed(quoting(`no confirmation within ${confirmation_timeout_ms} ms`, evidence), "timeout")
    )

/** Rule 1: what the folder and the process table say, and what follows from it. */
export const agentInspected = (work_id: string, evidence: Evidence): AgentRule =>
  withState(({ agent: { phase }, policy }, now) =>
    withWorkOf(work_id, (work) => {
      if (phase._tag !== "Inspecting") return noop
      const { because } = phase
      const { answer } = evidence
      const isStopped = typeof because === "object"
      if (typeof answer === "object" && answer !== null) {
        if (isOfEarlierSession(work, answer)) {
          return sequence(answerFound(answer), agentInspected(work_id, { ...evidence, answer: null }))
        }
        if (!isStopped || answer._tag !== "Unusable") return sequence(setPhase({ _tag: "Idle" }), answerFound(answer))
      }
      if (work.status === "reporting") return setPhase({ _tag: "Idle" })
      const atWork = isAtWork(evidence, work, policy, now)
      if (isUndecided(evidence, because, atWork)) return cannotTell(work, evidence, because)
      if (because === "confirmation") return confirmedOrFailed(evidence)
      if (isStopped) return afterStop(because, work, evidence, atWork)
      if (!atWork && answer === null) return notAtWork(work, evidence, because)
      return because === "check"
        ? sequence(setPhase({ _tag: "Running" }), tellOwner({ _tag: "SignOfLife" }))
        : resume(evidence)
    })
  )

export const checkIn = (after_ms: number): AgentRule => startTimer("check", after_ms)

/** Rule 8: once a minute an agent that counts as at work is inspected. */
export const checkDue: AgentRule = sequence(
  checkIn(domainLimits.check_ms),
  withPhase("Running", () => inspect("check"))
)

/** Rule 6: the time for the confirmation is over, and the folder tells whether there is one. */
export const confirmationTimedOut: AgentRule = withPhase("Running", () => inspect("confirmation"))

/**
 * The watcher has found an answer. While an earlier agent of this work is being stopped it is ignored: the inspection that
 * follows reads it. A failure that an earlier session left is set aside, and the agent is inspected, which may wake it.
 */
export const resultFound = (work_id: string, answer: Answer): AgentRule =>
  withState(({ agent, terminating }) =>
    withWorkOf(work_id, (work) => {
      if (terminating.some((one) => one.work_id === work_id)) return noop
      return agent.phase._tag === "Running" && isOfEarlierSession(work, answer)
        ? sequence(answerFound(answer), cancelTimers("confirmation"), inspect("evidence"))
        : answerFound(answer)
    })
  )
