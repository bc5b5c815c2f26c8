import { limits } from "../../limits.ts"
import type { Answer, Evidence } from "../Evidence.ts"
import { isAtWork, mayHaveLaunched } from "../Evidence.ts"
import { remaining } from "../remaining.ts"
import type { EndCause, Looking } from "../SidecarState.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, all, cancelTimers, emit, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import type { Task } from "../Task.ts"
import { answerFound, confirmedBySign, fail, isOfEarlierSession, settle } from "./ending.ts"
import { renewLease } from "./exchange.ts"
import { againOrGiveBack } from "./readiness.ts"
import { quoting, whyNotAtWork } from "./reasons.ts"
import { attemptFailed, mayWake, neverBegan, retryOrFail, tryWake } from "./wake.ts"

/** Looks at what the folder and the process table say; a wake that was meant but has not begun is revoked by that. */
export const inspect = (because: Looking): Rule =>
  withTask((task) => all(activityIs({ _tag: "Inspecting", because }), emit({ _tag: "InspectAgent", task })))

/** Rule 1: the evidence before any wake; an old agent of this task that is on its way out has to be gone for that. */
export const look: Rule = given(({ leaving }) =>
  withTask((task) =>
    leaving.some(({ task_id }) => task_id === task.task_id)
      ? activityIs({ _tag: "AwaitingExit" })
      : inspect("assess")
  )
)

/** Rule 1: looks at the evidence, unless the agent is in hand already. */
export const assess: Rule = given(({ agent }) =>
  withTask((task) => agent.activity._tag !== "Idle" || task.status === "reporting" ? stay : look)
)

/** Rule 6: confirmation is counted from the spawn, also by a later life of the daemon. */
const awaitConfirmation: Rule = given(({ policy: { confirmation_timeout_ms } }, now) =>
  withTask(({ wake }) => startTimer("confirmation", remaining(wake?.at ?? now, confirmation_timeout_ms, now)))
)

/** Of a wake of which only the intent is known nobody can tell when it was spawned: its confirmation is counted from now. */
const confirmingFromNow: Rule = given((_, now) =>
  withTask(({ status, wake }) =>
    status === "waking" ? taskIs({ status: "confirming", wake: wake && { ...wake, at: now } }) : stay
  )
)

/** What an agent at work writes and how it ends is watched, whoever woke it. */
const follow = (task: Task, evidence: Evidence): Rule => {
  const { task_id, wake } = task
  if (wake === null) return emit({ _tag: "WatchResults", task_id, wake_id: null })
  return evidence.process === "alive" ? emit({ _tag: "AdoptAgent", task, wake_id: wake.id }) : stay
}

/** Rule 1: the agent is at work, so it is not woken. */
const resume = (evidence: Evidence): Rule =>
  withTask((task) =>
    all(
      activityIs({ _tag: "Running" }),
      confirmingFromNow,
      task.status === "working"
        ? stay
        : taskIs({ status: "confirming", wake_attempts: Math.max(1, task.wake_attempts) }),
      log({ event: "agent_found_at_work", task_id: task.task_id }),
      follow(task, evidence),
      evidence.started ? confirmedBySign : stay,
      withTask((resumed) => resumed.status === "confirming" ? awaitConfirmation : stay)
    )
  )

/**
 * Rules 6 and 7: the agent is not at work any more. Before its confirmation that is a failed attempt, after it the end; one
 * that may come up yet has its time, which is not counted anew at a look for the lease.
 */
export const notAtWorkAnyMore = (task: Task, this_boot: boolean, because: Looking): Rule =>
  given(({ policy }) => {
    const end = task.wake?.end ?? null
    const reason = whyNotAtWork(end, this_boot, policy)
    if (task.status === "working") return settle(reason)
    if (!this_boot) return attemptFailed(reason, "failed")
    if (mayHaveLaunched(end, policy)) {
      return all(activityIs({ _tag: "Running" }), because === "lease" ? stay : awaitConfirmation)
    }
    const endedWell = end === null || end.how === "unseen" || end.code === 0
    return endedWell ? settle(reason) : attemptFailed(reason, "failed")
  })

/** Whether a wake of this task has run, so that its end is to be judged rather than the next one to be made. */
const hasRun = (task: Task, evidence: Evidence): boolean => {
  if (task.wake === null || task.status === "accepted") return false
  if (task.status === "working") return true
  return !neverBegan(task, evidence) && (task.status === "confirming" || task.wake.end === null)
}

const notAtWork = (task: Task, evidence: Evidence, because: Looking): Rule =>
  given(({ stored }) => {
    if (!hasRun(task, evidence)) return tryWake(evidence)
    if (stored.active === null) return activityIs({ _tag: "Idle" })
    return all(
      confirmingFromNow,
      evidence.started ? confirmedBySign : stay,
      withTask((judged) => notAtWorkAnyMore(judged, evidence.this_boot, because))
    )
  })

/** Rule 7: a task whose agent never came up has not run too long: its time begins with a wake that does. */
const beginAnew = (evidence: Evidence): Rule =>
  all(
    given(({ policy }) => startTimer("task_timeout", policy.task_timeout_ms)),
    tryWake(evidence)
  )

/** Rule 11: an answer that cannot be used is kept, and the hub is told of it, unless that is what the agent was stopped for. */
const failBeside = (answer: Evidence["answer"], task_id: string, reason: string): Rule =>
  typeof answer !== "object" || answer?._tag !== "Unusable" || answer.reason === reason ? fail(reason) : all(
    emit({ _tag: "SetAside", task_id, folder: "rejected" }),
    fail(`${reason} (the answer file cannot be used: ${answer.reason})`)
  )

const afterStop = (because: EndCause, task: Task, evidence: Evidence, atWork: boolean): Rule => {
  const { answer } = evidence
  if (answer === "half-written") return task.wake === null ? resume(evidence) : settle(because.reason)
  if (because._tag === "Failed") {
    return task.status !== "working" && neverBegan(task, evidence)
      ? beginAnew(evidence)
      : failBeside(answer, task.task_id, quoting(because.reason, evidence))
  }
  return atWork ? resume(evidence) : retryOrFail(quoting(because.reason, evidence))
}

/** Rule 12: what could not be read says nothing: it is looked at again, and until then nobody is judged, woken or adopted. */
const lookAgainLater = (because: Looking): Rule =>
  all(because === "lease" ? activityIs({ _tag: "Running" }) : stay, startTimer("look", limits.disk_retry_ms))

/** Rule 13: a task that only its own wake would begin does not wait for ever for results that cannot be read. */
const cannotTell = (task: Task, evidence: Evidence, because: Looking): Rule =>
  given((state) =>
    because === "assess" && evidence.process === "none" && mayWake(state) && !hasRun(task, evidence)
      ? againOrGiveBack("the results folder cannot be read", lookAgainLater(because))
      : lookAgainLater(because)
  )

/** Rule 12: a look that came to nothing is made again. */
export const lookDue: Rule = given(({ agent: { activity } }) => {
  if (activity._tag === "Inspecting") return inspect(activity.because)
  return activity._tag === "Running" ? inspect("lease") : stay
})

/** Rule 12: a process that lives is at work, whatever the folder holds; all else has to be known to be judged. */
const isUndecided = ({ answer, process }: Evidence, because: Looking, atWork: boolean): boolean =>
  process === "unknown" || (answer === "unknown" && !(atWork && (because === "assess" || because === "lease")))

/** Rule 6: the folder shows the confirmation that nobody has told of, or there is none in time. */
const confirmedOrFailed = (evidence: Evidence): Rule =>
  evidence.started ?
    all(activityIs({ _tag: "Running" }), confirmedBySign) :
    given(({ policy: { confirmation_timeout_ms } }) =>
      attemptFailed(quoting(`no confirmation within ${confirmation_timeout_ms} ms`, evidence), "timeout")
    )

/** Rule 1: what the folder and the process table say, and what follows from it. */
export const agentInspected = (task_id: string, evidence: Evidence): Rule =>
  given((state, now) => {
    const task = heldTask(state)
    const { activity } = state.agent
    if (task === null || task.task_id !== task_id || activity._tag !== "Inspecting") return stay
    const { because } = activity
    const { answer } = evidence
    const stopped = typeof because === "object"
    if (typeof answer === "object" && answer !== null) {
      if (isOfEarlierSession(task, answer)) {
        return all(answerFound(answer), agentInspected(task_id, { ...evidence, answer: null }))
      }
      if (!stopped || answer._tag !== "Unusable") return all(activityIs({ _tag: "Idle" }), answerFound(answer))
    }
    if (task.status === "reporting") return activityIs({ _tag: "Idle" })
    const atWork = isAtWork(evidence, task, state.policy, now)
    if (isUndecided(evidence, because, atWork)) return cannotTell(task, evidence, because)
    if (because === "confirmation") return confirmedOrFailed(evidence)
    if (stopped) return afterStop(because, task, evidence, atWork)
    if (!atWork && answer === null) return notAtWork(task, evidence, because)
    return because === "lease" ? all(activityIs({ _tag: "Running" }), renewLease) : resume(evidence)
  })

/** An answer that the watcher tells of. One of an earlier session was all that was waited for, so the agent is woken. */
export const answerTold = (answer: Answer): Rule =>
  given(({ agent }) =>
    withTask((task) =>
      agent.activity._tag === "Running" && isOfEarlierSession(task, answer)
        ? all(answerFound(answer), cancelTimers("confirmation"), inspect("assess"))
        : answerFound(answer)
    )
  )
