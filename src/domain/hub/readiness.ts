import type { LifecycleEvent } from "../LifecycleEvent.ts"
import { domainLimits } from "../limits.ts"
import { isStillSending } from "../messages/sending.ts"
import { type Obstacle, remedyFor, type Unready, whyNotReady } from "../Readiness.ts"
import { emit, log, noop, patchReadiness, type Rule, sequence, startTimer, withState, withTask } from "../rules.ts"
import { hasAgentsLeft } from "../slots.ts"
import { finish } from "./finish.ts"
import { closeLink, openLink } from "./link.ts"
import { endPause } from "./pause.ts"

/** Rule 13: checks whether an agent could be woken here. While a task is held, its own wake shows that. */
export const checkReadiness: Rule = withState((state) =>
  state.stored.task === null
    ? emit({ _tag: "CheckReadiness", by_writing: state.readiness.obstacle?.cause === "folders" })
    : noop
)

/** Rule 13: checks every 30 s, counted from the last time the connection was closed. */
export const readinessDue: Rule = withState(({ readiness }) =>
  sequence(
    startTimer("readiness", domainLimits.readiness_ms),
    readiness.link === "resting" ? patchReadiness({ link: "closed" }) : noop,
    checkReadiness
  )
)

const openIfReady: Rule = withState((state) =>
  state.readiness.link === "closed" && whyNotReady(state) === null ? openLink : noop
)

/** Rule 13: the result of a check. A changed program ends the pause: it may do what the old one could not. */
export const readinessChecked = (obstacle: Obstacle | null, programs: string): Rule =>
  withState((state) => {
    if (state.stored.task !== null) return noop
    const { programs: before } = state.readiness
    return sequence(
      patchReadiness({ obstacle, programs }),
      before === null || before === programs ? noop : endPause,
      openIfReady
    )
  })

/** Rule 13: the pause after a failure is over. */
export const pauseOver: Rule = sequence(patchReadiness({ paused_by: null }), checkReadiness)

/** Rule 13: this machine cannot wake the agent. The hub gets the task back, nothing is counted, and its files stay. */
export const giveBack = (obstacle: Obstacle): Rule =>
  withTask(({ id }) =>
    sequence(
      log({ event: "task_given_back", task_id: id, reason: obstacle.reason }),
      patchReadiness({ obstacle }),
      finish("keep", 0)
    )
  )

/** A drain and a failing disk have log events of their own. */
const unlessLogged = ({ cause }: Unready, event: LifecycleEvent): Rule =>
  cause === "draining" || cause === "disk" ? noop : log(event)

const logChange: Rule = withState((state, now) => {
  const { not_ready: told } = state.readiness
  const why = whyNotReady(state)
  if (why === null) {
    return told === null
      ? noop
      : sequence(patchReadiness({ not_ready: null }), unlessLogged(told, { event: "ready_again" }))
  }
  if (told !== null && told.cause === why.cause && told.reason === why.reason) return noop
  return sequence(
    patchReadiness({ not_ready: { ...why, since: told?.cause === why.cause ? told.since : now } }),
    unlessLogged(why, { event: "not_ready", ...why, remedy: remedyFor(why) })
  )
})

const closeUnlessReady: Rule = withState((state) => whyNotReady(state) === null ? noop : closeLink)

/** A drain is over when nothing is at work, no agent of ours is left, and the hub has our messages. */
const endDraining: Rule = withState((state) =>
  state.draining !== null && !hasAgentsLeft(state) && !isStillSending(state)
    ? emit({ _tag: "Exit", code: state.draining })
    : noop
)

/** Rule 13, after every message: a sidecar without a task that is not ready disconnects. */
export const admission: Rule = sequence(
  logChange,
  withState((state) => state.stored.task === null ? sequence(closeUnlessReady, endDraining) : noop)
)
