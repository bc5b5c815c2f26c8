import { limits } from "./limits.ts"

export type AgentPhase = "idle" | "assigned" | "working"

/** The hub's own picture of an agent; only a new identify draws it anew. */
export interface Agent {
  readonly agentId: string
  readonly socket: number
  readonly name: string
  readonly capabilities: ReadonlyArray<string>
  readonly phase: AgentPhase
  readonly taskId: string | undefined
  /** When the acceptance timer of `taskId` fires, in virtual epoch ms. */
  readonly acceptBy: number | undefined
  /** Position in the order in which agents became idle: the longest idle one is served first. */
  readonly idleSince: number
}

/** A new picture at identify: a task the queue still has with this agent must be accepted again. */
export const identified = (
  fields: Pick<Agent, "agentId" | "socket" | "name" | "capabilities" | "idleSince">,
  heldTask: string | undefined,
  now: number
): Agent => ({
  ...fields,
  phase: heldTask === undefined ? "idle" : "assigned",
  taskId: heldTask,
  acceptBy: heldTask === undefined ? undefined : now + limits.acceptanceMs
})

/** A push left for the agent; one that is not idle stays as it is. */
export const pushed = (agent: Agent, taskId: string, now: number): Agent =>
  agent.phase === "idle" ? { ...agent, phase: "assigned", taskId, acceptBy: now + limits.acceptanceMs } : agent

/** An acceptance counts only for the task that waits for it. */
export const accepted = (agent: Agent, taskId: string): Agent =>
  agent.phase === "assigned" && agent.taskId === taskId ? { ...agent, phase: "working", acceptBy: undefined } : agent

const idle = (agent: Agent, order: number): Agent => ({
  ...agent,
  phase: "idle",
  taskId: undefined,
  acceptBy: undefined,
  idleSince: order
})

/** A report went through; only one that was accepted before makes the agent idle. */
export const reported = (agent: Agent, order: number): Agent => agent.phase === "working" ? idle(agent, order) : agent

/** An operator cancelled: idle whatever the task was. */
export const cancelled = (agent: Agent, order: number): Agent =>
  agent.phase === "idle" ? { ...agent, taskId: undefined } : idle(agent, order)

/** The acceptance timer fired. */
export const timedOut = (agent: Agent, order: number): Agent => idle(agent, order)
