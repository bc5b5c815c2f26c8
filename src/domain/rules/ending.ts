import { limits } from "../../limits.ts"
import type { Answer, Success } from "../Evidence.ts"
import type { EndCause } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import {
  activityIs,
  agentIs,
  all,
  cancelTimers,
  emit,
  given,
  log,
  startTimer,
  stay,
  taskIs,
  withTask
} from "../step.ts"
import type { Task } from "../Task.ts"
import { flush, tellWakeResult } from "./exchange.ts"
import { wakeIsOver } from "./pause.ts"
import { revokeWake, stop } from "./slot.ts"

/** The task has failed: the failure is owed to the hub. */
export const fail = (reason: string): Rule =>
  all(
    taskIs({ status: "reporting", failure: { reason, sent_generation: null } }),
    activityIs({ _tag: "Idle" }),
    cancelTimers("confirmation", "settle", "task_timeout"),
    flush
  )

/** Stops the whole process tree and waits until it is gone; what follows is decided by the evidence then. */
export const stopAgent = (because: EndCause): Rule =>
  withTask(({ task_id }) =>
    all(
      cancelTimers("confirmation", "settle"),
      wakeIsOver,
      activityIs({ _tag: "Stopping", because }),
      log({ event: "agent_stopping", task_id, reason: because.reason }),
      stop(task_id, 0)
    )
  )

/** Rule 7: an agent that ended without an answer has 10 s left for it to show. */
export const settle = (reason: string): Rule =>
  all(
    cancelTimers("confirmation"),
    activityIs({ _tag: "Settling", because: { _tag: "Failed", reason } }),
    startTimer("settle", limits.settle_ms)
  )

const succeed = (answer: Success): Rule =>
  all(
    agentIs({ answer, activity: { _tag: "Idle" }, gave_verdict: true }),
    taskIs({ status: "reporting", failure: null }),
    cancelTimers("confirmation", "settle", "task_timeout"),
    flush
  )

/** Rule 11: an answer that cannot be used is kept, and the task fails with what is wrong with it. */
const rejectAnswer = (task_id: string, reason: string): Rule =>
  all(emit({ _tag: "SetAside", task_id, folder: "rejected" }), stopAgent({ _tag: "Failed", reason }))

const outcomeOf = { Success: "success", Failure: "failure", Unusable: "unusable" } as const

/** Rule 5: a success that is of no use now is kept where it is; another failure joins those that were sent. */
const answerOutOfTime = (task_id: string, answer: Answer, reason: string): Rule =>
  all(
    log({ event: "answer_ignored", task_id, reason }),
    answer._tag === "Success"
      ? stay
      : emit({ _tag: "SetAside", task_id, folder: answer._tag === "Failure" ? "sent" : "rejected" })
  )

/** A failure that was there before the first wake is of a session that the hub has ended, or has given up. */
export const isOfEarlierSession = (task: Task, answer: Answer): boolean =>
  task.wake === null && answer._tag !== "Success"

/** Rules 1, 5 and 11: an answer of the agent. The first counts. */
export const answerFound = (answer: Answer): Rule =>
  withTask((task) => {
    if (task.failure !== null && task.failure.sent_generation !== null) {
      return answerOutOfTime(task.task_id, answer, "a failure was reported before it")
    }
    if (task.status === "reporting" && (task.failure === null || answer._tag !== "Success")) {
      return log({ event: "answer_ignored", task_id: task.task_id, reason: "there is one already" })
    }
    if (isOfEarlierSession(task, answer)) return answerOutOfTime(task.task_id, answer, "it is of an earlier session")
    return all(
      log({ event: "answer_found", task_id: task.task_id, outcome: outcomeOf[answer._tag] }),
      revokeWake,
      confirmedBySign,
      answer._tag === "Success"
        ? succeed(answer)
        : answer._tag === "Failure"
        ? all(answer.of_command === true ? wakeIsOver : agentIs({ gave_verdict: true }), fail(answer.reason))
        : rejectAnswer(task.task_id, answer.reason)
    )
  })

/** Rule 6: `.started`, or an answer, confirms the wake. */
export const confirmedBySign: Rule = withTask((task) => {
  if (task.status !== "waking" && task.status !== "confirming") return stay
  return all(
    taskIs({ status: "working" }),
    cancelTimers("confirmation"),
    given((_, now) =>
      log({ event: "agent_started", task_id: task.task_id, confirmed_after_ms: task.wake && now - task.wake.at })
    ),
    tellWakeResult("success", null)
  )
})

/** Rule 7: the task has run for `task_timeout_ms`. */
export const taskTimedOut: Rule = given(({ policy: { task_timeout_ms } }) =>
  withTask((task) =>
    task.status === "reporting"
      ? stay
      : stopAgent({ _tag: "Failed", reason: `the task took longer than ${task_timeout_ms} ms` })
  )
)
