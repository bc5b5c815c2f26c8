import { inspect } from "../agent/evidence.ts"
import type { AgentEvent } from "../agent/rules.ts"
import { limits } from "../../limits.ts"
import { hasAgentsLeft } from "../slots.ts"
import { flush, renewLease, tellWakeResult } from "./exchange.ts"
import { giveBack } from "./readiness.ts"
import { emit, noop, ofTaskAgent, patchOutbound, type Rule, sequence, startTimer, withState, withTask } from "../rules.ts"

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

/** Rules 4 and 13: a drain does not wait for an unresolved task once its state is on disk: the next start asks the hub again. */
const askWhereItIs = (task_id: string): Rule =>
  withState((state) =>
    state.draining !== null && state.disk === "ok" && !hasAgentsLeft(state)
      ? emit({ _tag: "CloseConnection" }, { _tag: "Exit", code: state.draining })
      : emit({ _tag: "LookUpTask", task_id })
  )

/** Rules 4 and 8: once a minute the hub gets a sign of life of an agent at work, and is asked about an unresolved task. */
export const leaseDue: Rule = withState(({ connection, slots }) =>
  withTask(({ id }) =>
    sequence(
      startTimer("lease", limits.lease_ms),
      connection.ownership === "unresolved" ? askWhereItIs(id) : noop,
      slots.task.agent.phase._tag === "Running" ? ofTaskAgent(inspect("lease")) : noop
    )
  )
)
