import type { AgentRule, AgentState, OwnerTold } from "./agent/rules.ts"
import type { AgentCommand } from "./Command.ts"
import type { SidecarState } from "./SidecarState.ts"
import { kindOf, type WorkKind } from "./Work.ts"

/** A wake may act on a task that is ours, or was when the connection was lost, and only where its intent can be saved. */
const mayWake = ({ connection: { ownership }, disk, stored }: SidecarState, kind: WorkKind): boolean =>
  disk === "ok" && (kind === "messages" || (!stored.recovering && ownership !== "denied" && ownership !== "unresolved"))

const slotOf = (state: SidecarState, kind: WorkKind): AgentState => ({
  ...state.slots[kind],
  kind,
  work: state.stored[kind],
  timers: state.timers,
  policy: { ...state.policy, timeout_ms: state.policy.task_timeout_ms },
  may_wake: mayWake(state, kind),
  may_judge: kind === "messages" || !state.stored.recovering
})

/** Runs a rule of the agent half in the slot of that kind. */
export const inSlot =
  (kind: WorkKind, rule: AgentRule) =>
  (state: SidecarState, now: number): readonly [SidecarState, ReadonlyArray<AgentCommand | OwnerTold>] => {
    const [{ agent, stopping, terminating, timers, work }, out] = rule(slotOf(state, kind), now)
    const stored = work === state.stored[kind] ? state.stored : { ...state.stored, [kind]: work }
    const slots = { ...state.slots, [kind]: { agent, stopping, terminating } }
    return [{ ...state, stored, slots, timers }, out]
  }

/** Whether the agent of that work, which is over, is still to be gone. */
export const isTerminating = ({ slots }: SidecarState, id: string): boolean =>
  slots[kindOf(id)].terminating.some(({ work_id }) => work_id === id)

/** Whether anything but the task keeps a drain from its end: messages at work, or an agent that is not gone. */
export const hasAgentsLeft = ({ slots, stored }: SidecarState): boolean =>
  stored.messages !== null || slots.task.terminating.length > 0 || slots.messages.terminating.length > 0
