import { inspectIfIdle } from "../agent/evidence.ts"
import { domainLimits } from "../limits.ts"
import { cancelTimers, emit, log, noop, patch, type Rule, sequence, startTimer, withState } from "../rules.ts"
import { inSlot } from "../slots.ts"
import { flush } from "./exchange.ts"
import { checkReadiness } from "./readiness.ts"

/** An agent may have waited for the disk. */
const inspectAgents: Rule = sequence(inSlot("task", inspectIfIdle), inSlot("messages", inspectIfIdle))

/**
 * Rule 12: a step could not be saved. Its message is taken again after this one, by rules that know that the disk fails: they
 * accept no task, wake no agent and send no failure.
 */
export const saveFailed = (reason: string): Rule =>
  withState(({ disk }) =>
    sequence(
      disk === "ok" ? log({ event: "state_unsaved", reason }) : noop,
      patch({ disk: "failing" }),
      startTimer("disk", domainLimits.disk_retry_ms)
    )
  )

/** Rule 12: the disk is tried again. */
export const diskDue: Rule = emit({ _tag: "SaveState" })

/** Rule 12: the disk works again. */
export const saveSucceeded: Rule = withState(({ disk }) =>
  disk === "ok" ? noop : sequence(
    patch({ disk: "ok" }),
    cancelTimers("disk"),
    log({ event: "state_saved_again" }),
    checkReadiness,
    inspectAgents,
    flush
  )
)
