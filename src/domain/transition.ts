import * as Struct from "effect/Struct"
import type { Answer } from "./Evidence.ts"
import type { Message } from "./Message.ts"
import { agentStarted, agentStopped, leaseDue, progressFound, retryDue, settleOver } from "./rules/agent.ts"
import { answerOverdue, hubRefused, rateLimited, resendDue, taskAcknowledged } from "./rules/answers.ts"
import { inDoubt, stateReportAnswered, taskContinued, taskLookedUp, taskReassigned } from "./rules/asking.ts"
import { taskAssigned, taskUnworkable } from "./rules/assignment.ts"
import { diskDue, saveFailed, saveSucceeded } from "./rules/disk.ts"
import { taskTimedOut } from "./rules/ending.ts"
import { agentInspected, answerTold, lookDue } from "./rules/evidence.ts"
import { progressDue } from "./rules/exchange.ts"
import {
  connected,
  drain,
  halfOpenOver,
  hubLostUs,
  identified,
  orphanFound,
  restarted,
  restartRequested,
  taskCancelled
} from "./rules/life.ts"
import { disconnected } from "./rules/link.ts"
import { admission, pauseOver, readinessChecked, readinessDue } from "./rules/readiness.ts"
import { wakeImpossible, wakeSpawned } from "./rules/wake.ts"
import { confirmationTimedOut, wakeExited } from "./rules/wakeEnd.ts"
import type { SidecarState, TimerName } from "./SidecarState.ts"
import { heldTask } from "./SidecarState.ts"
import type { Rule, Step } from "./step.ts"
import { all, given, stay } from "./step.ts"

const timerRules: Record<TimerName, Rule> = {
  answer: answerOverdue,
  resend: resendDue,
  assign_grace: inDoubt,
  half_open: halfOpenOver,
  confirmation: confirmationTimedOut,
  settle: settleOver,
  lease: leaseDue,
  progress: progressDue,
  task_timeout: taskTimedOut,
  disk: diskDue,
  readiness: readinessDue,
  pause: pauseOver,
  look: lookDue
}

/** While an old agent of the task is on its way out, its answer waits for the look at the evidence that follows. */
const resultFound = (task_id: string, answer: Answer): Rule =>
  given((state) =>
    heldTask(state)?.task_id === task_id && !state.leaving.some((leaving) => leaving.task_id === task_id)
      ? answerTold(answer)
      : stay
  )

/** A timer that fires runs no more. A stale one, which was cancelled or started anew meanwhile, changes nothing. */
const timerFired = (timer: TimerName, due: number): Rule => (state, now) =>
  state.timers[timer] === due
    ? timerRules[timer]({ ...state, timers: Struct.omit(state.timers, [timer]) }, now)
    : [state, []]

const ruleFor = (message: Message): Rule => {
  switch (message._tag) {
    case "Connected":
      return connected
    case "Identified":
      return identified
    case "Disconnected":
      return disconnected(message.half_open)
    case "TaskAssigned":
      return taskAssigned(message.task)
    case "TaskUnworkable":
      return taskUnworkable(message.task_id, message.generation, message.reason)
    case "TaskAcknowledged":
      return taskAcknowledged(message.task_id, message.status)
    case "TaskContinued":
      return taskContinued(message.task_id, message.generation)
    case "TaskReassigned":
      return taskReassigned(message.task_id)
    case "StateReportAnswered":
      return stateReportAnswered(message.task_id, message.action)
    case "TaskCancelled":
      return taskCancelled(message.task_id)
    case "HubRefused":
      return hubRefused(message.error, message.message_type, message.unknown_type)
    case "RateLimited":
      return rateLimited(message.retry_after_ms)
    case "HubLostUs":
      return hubLostUs
    case "RestartRequested":
      return restartRequested(message.reason)
    case "AgentStarted":
      return agentStarted(message.task_id, message.wake_id)
    case "ProgressFound":
      return progressFound(message.task_id, message.progress)
    case "ResultFound":
      return resultFound(message.task_id, message.answer)
    case "AgentInspected":
      return agentInspected(message.task_id, message.evidence)
    case "WakeSpawned":
      return wakeSpawned(message.task_id, message.wake_id)
    case "WakeImpossible":
      return wakeImpossible(message.task_id, message.wake_id, message.reason)
    case "WakeExited":
      return wakeExited(message.task_id, message.wake_id, message.end)
    case "AgentStopped":
      return agentStopped(message.task_id, message.was_alive)
    case "RetryDue":
      return retryDue(message.task_id)
    case "TimerFired":
      return timerFired(message.timer, message.due)
    case "SaveFailed":
      return saveFailed(message.reason)
    case "SaveSucceeded":
      return saveSucceeded
    case "ReadinessChecked":
      return readinessChecked(message.obstacle, message.programs)
    case "OrphanFound":
      return orphanFound(message.task_id)
    case "TaskLookedUp":
      return taskLookedUp(message.task_id, message.whereabouts)
    case "Restarted":
      return restarted(message)
    case "DrainRequested":
      return drain(message.exit_code)
  }
}

/** The sidecar's rules: what a message changes, and what is to be done. `now` is in epoch milliseconds. */
export const transition = (state: SidecarState, message: Message, now: number): Step =>
  all(ruleFor(message), admission)(state, now)
