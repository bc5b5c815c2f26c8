import { inspectIfIdle } from "../agent/evidence.ts"
import { begin } from "../agent/phases.ts"
import type { AgentEvent } from "../agent/rules.ts"
import { release } from "../agent/termination.ts"
import { noop, type Rule, sequence, withState } from "../rules.ts"
import { inSlot } from "../slots.ts"
import type { Batch } from "../Work.ts"

/** A batch of messages is delivered to the agent, one at a time. */
export const batchReady = (batch: Batch): Rule =>
  withState(({ disk, draining, stored }) =>
    stored.messages !== null || draining !== null || disk !== "ok"
      ? noop
      : sequence(inSlot("messages", begin(batch)), inSlot("messages", inspectIfIdle))
  )

/** Nothing of a delivery is reported to the hub. */
export const batchAgentTold = (event: AgentEvent): Rule => {
  switch (event._tag) {
    case "Succeeded":
      return inSlot("messages", release("remove"))
    case "Failed":
      return inSlot("messages", release("keep"))
    case "Obstructed":
      return inSlot("messages", release("keep", 0))
    case "WakeJudged":
    case "SignOfLife":
      return noop
  }
}
