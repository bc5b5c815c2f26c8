import type { Answer, Success } from "../Evidence.ts"
import { domainLimits } from "../limits.ts"
import { nameOf, type Work } from "../Work.ts"
import type { EndCause } from "./AgentSlot.ts"
import {
  type AgentRule,
  cancelTimers,
  emit,
  log,
  noop,
  patchAgent,
  patchWork,
  sequence,
  setPhase,
  startTimer,
  tellOwner,
  withPhase,
  withState,
  withWork
} from "./rules.ts"
import { revokeWake, stop } from "./termination.ts"

/** Rule 13: the last wake is over, and lasted until now. */
export const wakeIsOver: AgentRule = withState(({ agent }, now) =>
  withWork(({ wake }) =>
    wake === null || agent.wake_lasted_ms !== null ? noop : patchAgent({ wake_lasted_ms: now - wake.at })
  )
)

/** The work has failed, and its owner is told. */
export const fail = (reason: string): AgentRule =>
  sequence(
    patchWork({ status: "reporting", failure: { reason, sent_generation: null } }),
    setPhase({ _tag: "Idle" }),
    cancelTimers("confirmation", "late_answer", "timeout"),
    tellOwner({ _tag: "Failed" })
  )

const succeed = (answer: Success): AgentRule =>
  sequence(
    patchAgent({ phase: { _tag: "Idle" }, gave_verdict: true }),
    patchWork({ status: "reporting", failure: null }),
    cancelTimers("confirmation", "late_answer", "timeout"),
    tellOwner({ _tag: "Succeeded", answer })
  )

/** Stops the whole process tree and waits until it is gone. What follows is decided by the evidence then. */
export const stopAgent = (because: EndCause): AgentRule =>
  withWork(({ id }) =>
    sequence(
      cancelTimers("confirmation", "late_answer"),
      wakeIsOver,
      setPhase({ _tag: "Stopping", because }),
      log({ event: "agent_stopping", ...nameOf(id), reason: because.reason }),
      stop(id, 0)
    )
  )

/** Rule 7: an agent that ended without an answer has 10 s for one to appear. */
export const awaitAnswer = (reason: string): AgentRule =>
  sequence(
    cancelTimers("confirmation"),
    setPhase({ _tag: "AwaitingAnswer", because: { _tag: "Failed", reason } }),
    startTimer("late_answer", domainLimits.late_answer_ms)
  )

/** Rule 7: no late answer has come. What is left of the agent is stopped before the work fails. */
export const lateAnswerOver: AgentRule = withPhase("AwaitingAnswer", ({ because }) => stopAgent(because))

/** Rule 7: the work has taken too long. */
export const timedOut: AgentRule = withState(({ kind, policy: { timeout_ms } }) =>
  withWork(({ status }) =>
    status === "reporting"
      ? noop
      : stopAgent({
        _tag: "Failed",
        reason: `the ${kind === "task" ? "task" : "delivery"} took longer than ${timeout_ms} ms`
      })
  )
)

/** Rule 6: `.started`, or an answer, confirms the wake. */
export const confirmed: AgentRule = withWork(({ id, status, wake }) =>
  status !== "waking" && status !== "confirming" ? noop : sequence(
    patchWork({ status: "working" }),
    cancelTimers("confirmation"),
    withState((_, now) => log({ event: "agent_started", ...nameOf(id), confirmed_after_ms: wake && now - wake.at })),
    tellOwner({ _tag: "WakeJudged", status: "success", reason: null })
  )
)

/** Rule 11: an answer that cannot be used is kept, and the work fails with what is wrong with it. */
const rejectAnswer = (work_id: string, reason: string): AgentRule =>
  sequence(
    emit({ _tag: "SetAside", work_id, folder: "rejected" }),
    stopAgent({ _tag: "Failed", reason })
  )

const outcomeOf = { Success: "success", Failure: "failure", Unusable: "unusable" } as const

/** Rule 5: a success that cannot be reported now is kept where it is; another failure joins those that were sent. */
const ignoreAnswer = (work_id: string, answer: Answer, reason: string): AgentRule =>
  sequence(
    log({ event: "answer_ignored", ...nameOf(work_id), reason }),
    answer._tag === "Success"
      ? noop
      : emit({ _tag: "SetAside", work_id, folder: answer._tag === "Failure" ? "sent" : "rejected" })
  )

/** A failure that was there before the first wake is of a session that the hub has ended, or has given up. */
export const isOfEarlierSession = (work: Work, answer: Answer): boolean =>
  work.wake === null && answer._tag !== "Success"

/** Rules 1, 5 and 11: an answer of the agent. The first counts. */
export const answerFound = (answer: Answer): AgentRule =>
  withWork((work) => {
    if (work.failure !== null && work.failure.sent_generation !== null) {
      return ignoreAnswer(work.id, answer, "a failure was reported before it")
    }
    if (work.status === "reporting" && (work.failure === null || answer._tag !== "Success")) {
      return log({ event: "answer_ignored", ...nameOf(work.id), reason: "there is one already" })
    }
    if (isOfEarlierSession(work, answer)) return ignoreAnswer(work.id, answer, "it is of an earlier session")
    return sequence(
      log({ event: "answer_found", ...nameOf(work.id), outcome: outcomeOf[answer._tag] }),
      revokeWake,
      confirmed,
      answer._tag === "Success"
        ? succeed(answer)
        : answer._tag === "Failure"
        ? sequence(answer.of_command === true ? wakeIsOver : patchAgent({ gave_verdict: true }), fail(answer.reason))
        : rejectAnswer(work.id, answer.reason)
    )
  })
