import { limits } from "../../limits.ts"
import type { Evidence } from "../Evidence.ts"
import type { SidecarState } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { activityIs, agentIs, all, emit, given, log, startTimer, stay, taskIs, withTask } from "../step.ts"
import type { Task } from "../Task.ts"
import { wakeIdOf } from "../wakeId.ts"
import { fail, stopAgent } from "./ending.ts"
import { tellWakeResult } from "./exchange.ts"
import { seeOff } from "./slot.ts"

const maxAttempts = 1 + limits.wake_retries_ms.length

/** A wake may act on a task that is ours, or was when the connection was lost, and only where its intent can be saved. */
export const mayWake = ({ connection, disk, stored }: SidecarState): boolean =>
  stored.active !== null && disk === "ok" && connection.standing !== "denied" && connection.standing !== "in_doubt"

/** Rule 6: the intent is saved, then the command is spawned. */
const wake = (attempt: number): Rule =>
  given(({ policy }, now) =>
    withTask(({ generation, task_id, woken_at }) => {
      const wake_id = wakeIdOf({ generation, attempt, at: now })
      return all(
        taskIs({
          status: "waking",
          wake_attempts: attempt,
          woken_at: woken_at ?? now,
          wake: { id: wake_id, at: now, end: null }
        }),
        woken_at === null ? startTimer("task_timeout", policy.task_timeout_ms) : stay,
        agentIs({ activity: { _tag: "Spawning" }, wake_lasted_ms: null }),
        emit({ _tag: "ClearEvidence", task_id }, { _tag: "WatchResults", task_id, wake_id }),
        log({ event: "wake_attempt", task_id, attempt, wake_id }),
        withTask((task) => emit({ _tag: "WakeAgent", task, wake_id }))
      )
    })
  )

/** A wake that was meant, and that its inspection has revoked. */
export const neverBegan = (task: Task, { process }: Evidence): boolean => task.wake?.end === null && process === "none"

/** Rule 10: attempts go on counting; one that was meant but never began is made again under its number, or as the first. */
const nextAttempt = (task: Task, evidence: Evidence): number =>
  neverBegan(task, evidence)
    ? Math.max(1, task.wake_attempts)
    : task.wake_attempts + 1

/** What lives of an earlier wake, its leader or what that left behind, has to be gone before the next. */
const seeOffFirst = (task_id: string): Rule =>
  all(
    seeOff(task_id, "keep", 0),
    activityIs({ _tag: "AwaitingExit" })
  )

/** Rule 1: nothing is at work and there is no answer, so the agent is woken as soon as it may be. */
export const tryWake = (evidence: Evidence): Rule =>
  given((state) =>
    withTask((task) => {
      if (!mayWake(state)) return activityIs({ _tag: "Idle" })
      if (task.wake !== null && state.agent.seen_off !== task.wake.id) return seeOffFirst(task.task_id)
      if (state.leaving.length > 0) return activityIs({ _tag: "AwaitingExit" })
      return wake(nextAttempt(task, evidence))
    })
  )

/** Rule 6: the command has been spawned, and its confirmation is counted from now. */
export const wakeSpawned = (task_id: string, wake_id: string): Rule =>
  given(({ agent, policy }, now) =>
    withTask((task) => {
      if (task.task_id !== task_id || task.wake?.id !== wake_id || agent.activity._tag !== "Spawning") return stay
      return task.status === "working" ? activityIs({ _tag: "Running" }) : all(
        taskIs({ status: "confirming", wake: { ...task.wake, at: now } }),
        activityIs({ _tag: "Running" }),
        startTimer("confirmation", policy.confirmation_timeout_ms)
      )
    })
  )

/** The command can never run for this task: trying again would change nothing. */
export const wakeImpossible = (task_id: string, wake_id: string, reason: string): Rule =>
  given(({ agent }) =>
    withTask((task) =>
      task.task_id === task_id && task.wake?.id === wake_id && agent.activity._tag === "Spawning" ? fail(reason) : stay
    )
  )

/** Rule 6: that attempt failed; its process tree is stopped before anything else. */
export const attemptFailed = (reason: string, status: "failed" | "timeout"): Rule =>
  withTask((task) =>
    all(
      log({ event: "wake_failed", task_id: task.task_id, attempt: task.wake_attempts, reason }),
      tellWakeResult(status, reason),
      stopAgent({ _tag: "AttemptFailed", reason })
    )
  )

/** Rule 6: again after 5, 15 and 30 s; after the third retry the task has failed. */
export const retryOrFail = (reason: string): Rule =>
  withTask((task) =>
    task.wake_attempts >= maxAttempts
      ? fail(`no wake succeeded in ${maxAttempts} attempts; the last: ${reason}`)
      : all(
        taskIs({
          status: "waking",
          wake: task.wake && { ...task.wake, end: task.wake.end ?? { how: "unseen", code: null, output: "" } }
        }),
        activityIs({ _tag: "AwaitingRetry" }),
        emit({ _tag: "RetryWake", task_id: task.task_id, failed_attempts: task.wake_attempts })
      )
  )
