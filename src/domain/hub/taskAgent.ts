import type { AgentEvent } from "../agent/rules.ts"
import { patchOutbound, type Rule, sequence } from "../rules.ts"
import { flush, renewLease, tellWakeResult } from "./exchange.ts"
import { giveBack } from "./readiness.ts"

/** What the agent half tells of a task becomes frames. */
export const taskAgentTold = (event: AgentEvent): Rule => {
  switch (event._tag) {
    case "WakeJudged":
      return tellWakeResult(event.status, event.reason)
    case "SignOfLife":
      return renewLease
    case "Succeeded":
      return sequence(patchOutbound({ answer: event.answer }), flush)
    case "Failed":
      return flush
    case "Obstructed":
      return giveBack(event.obstacle)
  }
}
