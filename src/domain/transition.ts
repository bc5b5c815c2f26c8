import * as Struct from "effect/Struct"
import { agentInspected, checkDue, confirmationTimedOut, inspectAgain, resultFound } from "./agent/evidence.ts"
import { lateAnswerOver, timedOut } from "./agent/outcome.ts"
import { agentStarted, agentStopped, retryDue } from "./agent/phases.ts"
import type { AgentRule } from "./agent/rules.ts"
import { wakeImpossible, wakeSpawned } from "./agent/wake.ts"
import { wakeExited } from "./agent/wakeEnd.ts"
import type { Command } from "./Command.ts"
import { answerOverdue, hubRefused, rateLimited, resendDue, taskAcknowledged } from "./hub/answers.ts"
import { taskAssigned, taskUnworkable } from "./hub/assignment.ts"
import { diskDue, saveFailed, saveSucceeded } from "./hub/disk.ts"
import { progressFound, relayProgress } from "./hub/exchange.ts"
import { drain, orphanFound, restartRequested, taskCancelled } from "./hub/life.ts"
import { connected, disconnected, halfOpenOver, hubLostUs, identified } from "./hub/link.ts"
import {
  assignmentOverdue,
  lookupDue,
  stateReportAnswered,
  taskContinued,
  taskLookedUp,
  taskReassigned
} from "./hub/ownership.ts"
import { admission, pauseOver, readinessChecked, readinessDue } from "./hub/readiness.ts"
import { restarted } from "./hub/restart.ts"
import { taskAgentTold } from "./hub/taskAgent.ts"
import type { Message } from "./Message.ts"
import { batchAgentTold, batchReady } from "./messages/delivery.ts"
import { noop, patch, type Rule, sequence, withState } from "./rules.ts"
import type { SidecarState, TimerName } from "./SidecarState.ts"
import { inSlot } from "./slots.ts"
import { kindOf } from "./Work.ts"

const timerRules: Record<TimerName, Rule> = {
  answer: answerOverdue,
  resend: resendDue,
  assign_grace: assignmentOverdue,
  half_open: halfOpenOver,
  lookup: lookupDue,
  progress: relayProgress,
  disk: diskDue,
  readiness: readinessDue,
  pause: pauseOver,
  task_confirmation: inSlot("task", confirmationTimedOut),
  task_late_answer: inSlot("task", lateAnswerOver),
  task_timeout: inSlot("task", timedOut),
  task_check: inSlot("task", checkDue),
  task_inspection: inSlot("task", inspectAgain),
  messages_confirmation: inSlot("messages", confirmationTimedOut),
  messages_late_answer: inSlot("messages", lateAnswerOver),
  messages_timeout: inSlot("messages", timedOut),
  messages_check: inSlot("messages", checkDue),
  messages_inspection: inSlot("messages", inspectAgain)
}

/** A timer that fires runs no more. A stale one, which was cancelled or restarted meanwhile, changes nothing. */
const timerFired = (timer: TimerName, due: number): Rule =>
  withState(({ timers }) =>
    timers[timer] === due
      ? sequence(patch({ timers: Struct.omit(timers, [timer]) }), timerRules[timer])
      : noop
  )

const ofAgent = (work_id: string, rule: AgentRule): Rule => inSlot(kindOf(work_id), rule)

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
      return hubRefused(message.error, message.frame, message.unknown_type)
    case "RateLimited":
      return rateLimited(message.retry_after_ms, message.of_ping === true)
    case "HubLostUs":
      return hubLostUs
    case "RestartRequested":
      return restartRequested(message.reason)
    case "AgentStarted":
      return ofAgent(message.work_id, agentStarted(message.work_id, message.wake_id))
    case "ProgressFound":
      return progressFound(message.work_id, message.progress)
    case "ResultFound":
      return ofAgent(message.work_id, resultFound(message.work_id, message.answer))
    case "AgentInspected":
      return ofAgent(message.work_id, agentInspected(message.work_id, message.evidence))
    case "WakeSpawned":
      return ofAgent(message.work_id, wakeSpawned(message.work_id, message.wake_id))
    case "WakeImpossible":
      return ofAgent(message.work_id, wakeImpossible(message.work_id, message.wake_id, message.reason))
    case "WakeExited":
      return ofAgent(message.work_id, wakeExited(message.work_id, message.wake_id, message.end))
    case "AgentStopped":
      return ofAgent(message.work_id, agentStopped(message.work_id, message.was_alive))
    case "RetryDue":
      return ofAgent(message.work_id, retryDue(message.work_id))
    case "TimerFired":
      return timerFired(message.timer, message.due)
    case "SaveFailed":
      return saveFailed(message.reason)
    case "SaveSucceeded":
      return saveSucceeded
    case "ReadinessChecked":
      return readinessChecked(message.obstacle, message.programs)
    case "OrphanFound":
      return orphanFound(message.work_id)
    case "TaskLookedUp":
      return taskLookedUp(message.task_id, message.location)
    case "Restarted":
      return restarted(message)
    case "BatchReady":
      return batchReady(message.batch)
    case "DrainRequested":
      return drain(message.exit_code)
  }
}

const ownerOf = { task: taskAgentTold, messages: batchAgentTold } as const

/** The state after a message, and what is to be done. */
export type Step = readonly [SidecarState, ReadonlyArray<Command>]

/**
 * The sidecar's rules: what a message changes, and what is to be done. What the agent half tells goes to the owner of its
 * work. `now` is in epoch milliseconds.
 */
export const transition = (before: SidecarState, message: Message, now: number): Step => {
  let state = before
  const commands: Array<Command> = []
  const apply = (rule: Rule): void => {
    const [next, out] = rule(state, now)
    state = next
    for (const one of out) {
      if (one._tag === "OwnerTold") apply(ownerOf[one.kind](one.event))
      else commands.push(one)
    }
  }
  apply(ruleFor(message))
  apply(admission)
  return [state, commands]
}
