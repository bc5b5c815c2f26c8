import { limits, tierCapacity } from "./limits.ts"

export type RateTier = keyof typeof tierCapacity

/** A token bucket; tokens in thousandths, `at` in virtual epoch ms. */
export interface Bucket {
  readonly tokens: number
  readonly at: number
}

export type Verdict =
  | { readonly _tag: "Allow" }
  | { readonly _tag: "Warn"; readonly remaining: number; readonly capacity: number }
  | { readonly _tag: "Deny"; readonly retryAfterMs: number }

/** When the window of an agent's refused frames began; while it lasts the agent gets no tasks. */
export interface Penalty {
  readonly since: number
}

const COST = 1000

const LIGHT: ReadonlySet<string> = new Set(["ping", "list_agents", "list_channels", "status", "channel_history"])

/** The tier of a frame type. */
export const frameTier = (type: string): RateTier =>
  type === "identify" ? "heavy" : LIGHT.has(type) ? "light" : "normal"

/** Takes one token of a bucket that refills all the time; a new bucket is full. */
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

/** The penalty after one more refused frame: its window starts anew only when the last one is over. */
export const penalised = (penalty: Penalty | undefined, now: number): Penalty =>
  penalty === undefined || now - penalty.since > limits.ratePenaltyMs ? { since: now } : penalty

/** Whether the agent gets no tasks at present. */
export const isPenalised = (penalty: Penalty | undefined, now: number): boolean =>
  penalty !== undefined && now - penalty.since <= limits.ratePenaltyMs

/** Schema violations on one socket within a window. */
export interface Violations {
  readonly count: number
  readonly since: number
}

/** The violations after one more. */
export const violated = (violations: Violations | undefined, now: number): Violations =>
  violations === undefined || now - violations.since > limits.violationWindowMs
    ? { count: 1, since: now }
    : { count: violations.count + 1, since: violations.since }

/** Disconnections for violations; they are counted for good, so the cooldown only grows. */
export interface Cooldown {
  readonly count: number
  readonly since: number
}

/** Whole seconds until the agent may identify again, 0 when it may now. */
export const cooldownSeconds = (cooldown: Cooldown | undefined, now: number): number => {
  if (cooldown === undefined) return 0
  const lasts = limits.cooldownsMs[Math.min(cooldown.count, limits.cooldownsMs.length) - 1] ?? 0
  const left = lasts - (now - cooldown.since)
  return left > 0 ? Math.floor(left / 1000) + 1 : 0
}
