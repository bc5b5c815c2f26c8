import { limits } from "../../limits.ts"
import type { LifecycleEvent } from "../LifecycleEvent.ts"
import { type Obstacle, remedyFor, type Unready, whyNotReady } from "../Readiness.ts"
import { remaining } from "../remaining.ts"
import { heldTask } from "../SidecarState.ts"
import type { Rule } from "../step.ts"
import { agentIs, all, emit, given, log, readinessIs, startTimer, stay, withTask } from "../step.ts"
import { closeLink, openLink } from "./link.ts"
import { endPause } from "./pause.ts"
import { clearSlot } from "./slot.ts"

/** Rule 13: looks whether an agent could be woken here. While a task is held its own wake tells. */
export const checkReadiness: Rule = given((state) =>
  heldTask(state) === null
    ? emit({ _tag: "CheckReadiness", by_writing: state.readiness.obstacle?.cause === "folders" })
    : stay
)

/** Rule 13: every 30 s, from the last closing on. */
export const readinessDue: Rule = given(({ readiness }) =>
  all(
    startTimer("readiness", limits.readiness_ms),
    readiness.link === "resting" ? readinessIs({ link: "closed" }) : stay,
    checkReadiness
  )
)

const openIfReady: Rule = given((state) =>
  state.readiness.link === "closed" && whyNotReady(state) === null ? openLink : stay
)

/** Rule 13: what was found. A program that has changed may do what the one before could not. */
export const readinessChecked = (obstacle: Obstacle | null, programs: string): Rule =>
  given((state) => {
    if (heldTask(state) !== null) return stay
    const { programs: before } = state.readiness
    return all(
      readinessIs({ obstacle, programs }),
      before === null || before === programs ? stay : endPause,
      openIfReady
    )
  })

/** Rule 13: the pause after a failure is over. */
export const pauseOver: Rule = all(readinessIs({ paused_by: null }), checkReadiness)

/** Rule 13: this machine cannot wake the agent, so the hub has the task back: nothing of it is counted, its files stay. */
export const giveBack = (obstacle: Obstacle): Rule =>
  withTask(({ task_id }) =>
    all(
      log({ event: "task_given_back", task_id, reason: obstacle.reason }),
      readinessIs({ obstacle }),
      clearSlot("keep", 0)
    )
  )

/** Rules 12 and 13: a folder that keeps a wake from beginning is given some time, and then the task is given back. */
export const againOrGiveBack = (reason: string, again: Rule): Rule =>
  given(({ agent }, now) => {
    const unwritten_since = agent.unwritten_since ?? now
    return remaining(unwritten_since, limits.give_back_ms, now) > 0
      ? all(agentIs({ unwritten_since }), again)
      : giveBack({ cause: "folders", reason })
  })

/** `draining`, `state_unsaved` and `state_saved_again` say so themselves. */
const unlessLogged = ({ cause }: Unready, event: LifecycleEvent): Rule =>
  cause === "draining" || cause === "disk" ? stay : log(event)

const tellOfChange: Rule = given((state, now) => {
  const { not_ready: told } = state.readiness
  const why = whyNotReady(state)
  if (why === null) {
    return told === null ? stay : all(readinessIs({ not_ready: null }), unlessLogged(told, { event: "ready_again" }))
  }
  if (told !== null && told.cause === why.cause && told.reason === why.reason) return stay
  return all(
    readinessIs({ not_ready: { ...why, since: told?.cause === why.cause ? told.since : now } }),
    unlessLogged(why, { event: "not_ready", ...why, remedy: remedyFor(why) })
  )
})

const closeUnlessReady: Rule = given((state) => whyNotReady(state) === null ? stay : closeLink)

/** What drains is over when no agent of ours lives. */
const endDraining: Rule = given(({ draining, leaving }) =>
  draining !== null && leaving.length === 0 ? emit({ _tag: "Exit", code: draining }) : stay
)

/** Rule 13, after every message: who holds no task and is not ready is disconnected. */
export const admission: Rule = all(
  tellOfChange,
  given((state) => heldTask(state) === null ? all(closeUnlessReady, endDraining) : stay)
)
