import { recover } from "../agent/phases.ts"
import { terminate } from "../agent/termination.ts"
import { wakeIdOf } from "../ids.ts"
import { domainLimits } from "../limits.ts"
import type { Message } from "../Message.ts"
import { catch_up_ms } from "../messages/catchUp.ts"
import { recoverDelivery } from "../messages/delivery.ts"
import { inboxFound } from "../messages/receiving.ts"
import { log, noop, ofTaskAgent, patch, type Rule, sequence, startTimer, withState } from "../rules.ts"
import { emptyStore, type StoredState } from "../SidecarState.ts"
import { inSlot } from "../slots.ts"
import { kindOf, type Task, type TaskFound } from "../Work.ts"
import { taskOf } from "./assignment.ts"
import { openLink } from "./link.ts"
import { checkReadiness } from "./readiness.ts"

/** Its generation is a lower bound: the hub, which is asked before any report, knows the last. */
const remade = ({ assignment, wake: { at, attempt, generation }, wake }: TaskFound): Task => ({
  ...taskOf({ ...assignment, generation }),
  status: "confirming",
  wake_attempts: attempt,
  woken_at: at,
  wake: { id: wakeIdOf(wake), at, end: null }
})

const hold = (stored: StoredState): Rule => patch({ stored: { ...stored, recovering: stored.task !== null } })

/** The state is lost. What is left of it is the task at work. */
const adopt = (found: TaskFound): Rule => {
  const task = remade(found)
  return sequence(
    patch({ stored: { ...emptyStore, task, recovering: true } }),
    log({ event: "state_adopted", task_id: task.id, wake_id: wakeIdOf(found.wake), generation: task.generation })
  )
}

/** Agents that live though nobody holds work for them, or though they were not woken for it. */
const terminateStrangers = (survivors: ReadonlyArray<string>): Rule =>
  withState(({ stored }) =>
    sequence(
      ...survivors
        .filter((id) => stored[kindOf(id)]?.id !== id || stored[kindOf(id)]?.wake === null)
        .map((id) => inSlot(kindOf(id), terminate(id, "keep", 0)))
    )
  )

/**
 * Rule 10: a state that was read is the truth, and the hub is asked whether the task is still ours. Only where the state is
 * lost, the task at work is made again.
 */
export const restarted = (
  { at_work = null, stored, survivors, talk }: Extract<Message, { readonly _tag: "Restarted" }>
): Rule => {
  return sequence(
    stored !== null ? hold(stored) : at_work !== null ? adopt(at_work) : noop,
    terminateStrangers(survivors),
    ofTaskAgent(recover),
    inboxFound(talk),
    recoverDelivery(talk?.is_delivered === true),
    startTimer("catch_up", catch_up_ms),
    startTimer("readiness", domainLimits.readiness_ms),
    withState((state) => state.stored.task === null ? checkReadiness : openLink)
  )
}
