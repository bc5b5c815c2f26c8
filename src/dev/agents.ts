import { limits, tierCapacity } from "./limits.ts"

/** The hub's own record of an agent. Only an identify replaces it. */
export interface Agent {
  readonly agentId: string
  readonly socket: number
  readonly capabilities: ReadonlyArray<string>
  readonly phase: "idle" | "assigned" | "working"
  readonly taskId: string | undefined
  /** When the acceptance timer of `taskId` fires, in virtual epoch ms. */
  readonly acceptBy: number | undefined
  /** Position in the order in which agents became idle. The agent that has been idle longest gets the next task. */
  readonly idleSince: number
}

/** A new record at identify. A task that the queue has assigned to this agent must be accepted again. */
export const identified = (
  fields: Pick<Agent, "agentId" | "socket" | "capabilities" | "idleSince">,
  heldTask: string | undefined,
  now: number
): Agent => ({
  ...fields,
  phase: heldTask === undefined ? "idle" : "assigned",
  taskId: heldTask,
  acceptBy: heldTask === undefined ? undefined : now + limits.acceptanceMs
})

/** A task was pushed to the agent. Only an idle agent changes. */
export const pushed = (agent: Agent, taskId: string, now: number): Agent =>
  agent.phase === "idle" ? { ...agent, phase: "assigned", taskId, acceptBy: now + limits.acceptanceMs } : agent

/** An acceptance counts only for the task that waits for it. */
export const accepted = (agent: Agent, taskId: string): Agent =>
  agent.phase === "assigned" && agent.taskId === taskId ? { ...agent, phase: "working", acceptBy: undefined } : agent

const toIdle = (agent: Agent, order: number): Agent => ({
  ...agent,
  phase: "idle",
  taskId: undefined,
  acceptBy: undefined,
  idleSince: order
})

/** The acceptance timer fired. */
export const timedOut = toIdle

/** A report was taken. Only an agent whose task was accepted becomes idle. */
export const reported = (agent: Agent, order: number): Agent => agent.phase === "working" ? toIdle(agent, order) : agent

/** An operator cancelled the task: the agent is idle, whatever its task was. */
export const cancelled = (agent: Agent, order: number): Agent =>
  agent.phase === "idle" ? { ...agent, taskId: undefined } : toIdle(agent, order)

export type RateTier = keyof typeof tierCapacity

/** A token bucket. `tokens` are thousandths, `at` is in virtual epoch ms. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

export type Verdict =
  | { readonly _tag: "Allow" }
  | { readonly _tag: "Warn"; readonly remaining: number; readonly capacity: number }
  | { readonly _tag: "Deny"; readonly retryAfterMs: number }

const COST = 1000

const LIGHT: ReadonlySet<string> = new Set(["ping", "list_agents", "list_channels", "status", "channel_history"])

/** The tier of a frame type. */
export const frameTier = (type: string): RateTier =>
  type === "identify" ? "heavy" : LIGHT.has(type) ? "light" : "normal"

/** Takes one token from a bucket that refills all the time. A new bucket is full. */
export const take = (bucket: Bucket | undefined, tier: RateTier, now: number): readonly [Verdict, Bucket] => {
  const capacity = tierCapacity[tier] * COST
  const perMs = capacity / limits.rateWindowMs
  const filled = bucket === undefined
    ? capacity
    : Math.min(capacity, bucket.tokens + Math.trunc(Math.max(0, now - bucket.at) * perMs))
  if (filled < COST) {
    const retryAfterMs = Math.ceil(Math.ceil((COST - filled) / perMs) / limits.rateStepMs) * limits.rateStepMs
    return [{ _tag: "Deny", retryAfterMs }, { tokens: filled, at: now }]
  }
  const tokens = filled - COST
  const verdict: Verdict = tokens < Math.trunc(capacity * limits.rateWarnShare)
    ? { _tag: "Warn", remaining: Math.floor(tokens / COST), capacity: tierCapacity[tier] }
    : { _tag: "Allow" }
  return [verdict, { tokens, at: now }]
}

/** Whether an agent gets no tasks now. `penalty` is when its penalty started, in virtual epoch ms. */
export const isPenalised = (penalty: number | undefined, now: number): penalty is number =>
  penalty !== undefined && now - penalty <= limits.ratePenaltyMs

/** When the penalty started, after one more refused frame. A frame within the penalty does not extend it. */
export const penalised = (penalty: number | undefined, now: number): number => isPenalised(penalty, now) ? penalty : now

/** Schema violations, counted on one socket within a window, or disconnections for them, counted without end. */
export interface Count {
  readonly count: number
  readonly since: number
}

/** The violations after one more. */
export const violated = (violations: Count | undefined, now: number): Count =>
  violations === undefined || now - violations.since > limits.violationWindowMs
    ? { count: 1, since: now }
    : { count: violations.count + 1, since: violations.since }

/** Whole seconds until an agent with so many disconnections may identify again; 0 if it may now. */
export const cooldownSeconds = (cooldown: Count | undefined, now: number): number => {
  if (cooldown === undefined) return 0
  const lasts = limits.cooldownsMs[Math.min(cooldown.count, limits.cooldownsMs.length) - 1] ?? 0
  const left = lasts - (now - cooldown.since)
  return left > 0 ? Math.floor(left / 1000) + 1 : 0
}
