import type { JsonObject } from "./json.ts"
import { array, number, object, text, texts } from "./json.ts"
import { limits } from "./limits.ts"

export const tiers = ["trivial", "standard", "complex", "unknown"] as const

type Tier = typeof tiers[number]

interface Complexity {
  readonly effective_tier: Tier
  readonly explicit_tier: Tier | null
  readonly source: "explicit" | "inferred"
  readonly inferred: { readonly tier: Tier; readonly confidence: number }
}

/** A task as the hub keeps it. The names are those of `GET /api/tasks/ID`. */
export interface HubTask {
  readonly id: string
  readonly description: string
  readonly metadata: JsonObject
  readonly priority: number
  readonly status: "queued" | "assigned" | "completed" | "dead_letter" | "cancelled"
  readonly assigned_to: string | null
  readonly assigned_at: number | null
  readonly generation: number
  readonly retry_count: number
  readonly max_retries: number
  readonly needed_capabilities: ReadonlyArray<string>
  readonly last_error: string | null
  readonly complete_by: number | null
  readonly result: unknown
  readonly tokens_used: number | null
  readonly submitted_by: string
  readonly created_at: number
  readonly updated_at: number
  readonly history: ReadonlyArray<{ readonly event: string; readonly timestamp: number; readonly details: unknown }>
  readonly repo: string | null
  readonly branch: string | null
  readonly file_hints: ReadonlyArray<unknown>
  readonly success_criteria: ReadonlyArray<unknown>
  readonly verification_steps: ReadonlyArray<unknown>
  readonly complexity: Complexity
  readonly verification_report: unknown
  readonly verification_history: ReadonlyArray<unknown>
  readonly max_verification_retries: number
  readonly skip_verification: boolean
  readonly verification_timeout_ms: number | null
  readonly routing_decision: unknown
  readonly depends_on: ReadonlyArray<string>
  readonly goal_id: string | null
  readonly assign_to: string | null
}

const COMPLEX = ["refactor", "architect", "migration", "redesign", "migrate", "security", "overhaul", "rewrite"]
const TRIVIAL = ["typo", "update readme", "bump version", "rename", "format", "lint", "version bump"]

export const isTier = (value: unknown): value is Tier => tiers.some((tier) => tier === value)

/** One vote by an amount: at most `few` is trivial, more than `many` is complex. */
const vote = (amount: number, few: number, many: number): Tier =>
  amount <= few ? "trivial" : amount > many ? "complex" : "standard"

const count = (votes: ReadonlyArray<Tier>, tier: Tier): number => votes.filter((one) => one === tier).length

const majority = (votes: ReadonlyArray<Tier>): Tier =>
  (["standard", "complex", "trivial"] as const)
    .reduce((best, next) => count(votes, next) > count(votes, best) ? next : best)

const infer = (input: JsonObject): Complexity["inferred"] => {
  const description = text(input, "description", "").toLowerCase()
  const words = description.split(/\s+/).filter((word) => word !== "").length
  const files = array(input, "file_hints").length
  const steps = array(input, "verification_steps").length
  if (words + files + steps === 0) return { tier: "unknown", confidence: 0 }
  if (COMPLEX.some((word) => description.includes(word))) {
    return { tier: "complex", confidence: 0.7 + [files > 3, steps > 3, words > 50].filter(Boolean).length * 0.1 }
  }
  if (TRIVIAL.some((word) => description.includes(word)) && files <= 3 && steps <= 3) {
    return { tier: "trivial", confidence: words < 10 ? 0.9 : 0.75 }
  }
  const votes = [vote(words, 9, 50), vote(files, 0, 3), vote(steps, 0, 3)]
  const winner = majority(votes)
  // Few words do not make a task trivial: only a keyword does.
  const tier = winner === "trivial" ? "standard" : winner
  return { tier, confidence: count(votes, tier) / votes.length }
}

/** How hard a submitted task is. A tier that the input names wins over the one that its text suggests. */
const complexityOf = (input: JsonObject): Complexity => {
  const named = input["complexity_tier"]
  const explicit = isTier(named) ? named : null
  const inferred = infer(input)
  return {
    effective_tier: explicit ?? inferred.tier,
    explicit_tier: explicit,
    source: explicit === null ? "inferred" : "explicit",
    inferred
  }
}

const PRIORITIES: ReadonlyMap<string, number> = new Map([["urgent", 0], ["high", 1], ["normal", 2], ["low", 3]])

const change = (task: HubTask, now: number, event: string, details: unknown, fields: Partial<HubTask>): HubTask => ({
  ...task,
  ...fields,
  updated_at: now,
  history: [{ event, timestamp: now, details }, ...task.history].slice(0, limits.historyEntries)
})

/** A new task, generation 0, from the body of `POST /api/tasks`. */
export const submitted = (id: string, input: JsonObject, submittedBy: string, now: number): HubTask => ({
  id,
  description: text(input, "description", ""),
  metadata: object(input, "metadata"),
  priority: PRIORITIES.get(text(input, "priority", "normal")) ?? 2,
  status: "queued",
  assigned_to: null,
  assigned_at: null,
  generation: 0,
  retry_count: 0,
  max_retries: number(input, "max_retries", limits.maxRetries),
  needed_capabilities: texts(input, "needed_capabilities"),
  last_error: null,
  complete_by: number(input, "complete_by", null),
  result: null,
  tokens_used: null,
  submitted_by: submittedBy,
  created_at: now,
  updated_at: now,
  history: [{ event: "queued", timestamp: now, details: "submitted" }],
  repo: text(input, "repo", null),
  branch: text(input, "branch", null),
  file_hints: array(input, "file_hints"),
  success_criteria: array(input, "success_criteria"),
  verification_steps: array(input, "verification_steps"),
  complexity: complexityOf(input),
  verification_report: null,
  verification_history: [],
  max_verification_retries: Math.min(
    number(input, "max_verification_retries", limits.maxVerificationRetries),
    limits.maxVerificationRetries
  ),
  skip_verification: input["skip_verification"] === true,
  verification_timeout_ms: number(input, "verification_timeout_ms", null),
  routing_decision: input["routing_decision"] ?? null,
  depends_on: texts(input, "depends_on"),
  goal_id: text(input, "goal_id", null),
  assign_to: text(input, "assign_to", null) ?? text(object(input, "metadata"), "assign_to", null)
})

/** The task after its assignment to an agent. Every assignment is a new generation. */
export const assigned = (task: HubTask, agentId: string, now: number): HubTask =>
  change(task, now, "assigned", { agent_id: agentId, generation: task.generation + 1 }, {
    status: "assigned",
    assigned_to: agentId,
    assigned_at: now,
    generation: task.generation + 1
  })

/** The task back in the queue. Every reclaim is a new generation, too. */
export const reclaimed = (task: HubTask, now: number, why: string): HubTask =>
  change(task, now, "reclaimed", why, {
    status: "queued",
    assigned_to: null,
    assigned_at: null,
    generation: task.generation + 1
  })

/** Why a report is refused, if it is. Only the generation counts, not who sends the report. */
export const refusal = (task: HubTask, generation: number): "stale_generation" | "invalid_state" | undefined =>
  task.status !== "assigned" ? "invalid_state" : task.generation !== generation ? "stale_generation" : undefined

/** The task with its result. */
export const completed = (task: HubTask, report: JsonObject, now: number): HubTask => {
  const result = object(report, "result")
  const tokens = number(report, "tokens_used", null) ?? number(result, "tokens_used", null)
  return change(task, now, "completed", { tokens_used: tokens }, {
    status: "completed",
    result,
    tokens_used: tokens,
    verification_report: report["verification_report"] ?? null,
    verification_history: array(report, "verification_history")
  })
}

/** The task after a failure: queued again, or a dead letter after its last retry. */
export const failed = (task: HubTask, error: string, now: number): HubTask => {
  const retries = task.retry_count + 1
  return retries >= task.max_retries
    ? change(task, now, "dead_letter", error, { status: "dead_letter", last_error: error, retry_count: retries })
    : change(task, now, "retry", error, {
      status: "queued",
      assigned_to: null,
      assigned_at: null,
      generation: task.generation + 1,
      last_error: error,
      retry_count: retries
    })
}

/** A queued task that waited too long. */
export const expired = (task: HubTask, now: number): HubTask =>
  change(task, now, "dead_letter", "ttl_expired", { status: "dead_letter", last_error: "ttl_expired" })

/** A dead letter that an operator revived. */
export const revived = (task: HubTask, now: number): HubTask =>
  change(task, now, "queued", "retried from dead-letter", {
    status: "queued",
    assigned_to: null,
    assigned_at: null,
    generation: task.generation + 1,
    retry_count: 0,
    last_error: null
  })

/** A sign of life renews the lease of an assigned task. Any other task stays as it is. */
export const touched = (task: HubTask, now: number): HubTask =>
  task.status === "assigned" ? { ...task, updated_at: now } : task

/** Whether a queued task is too old. A trivial one never is. */
export const isPastTtl = (task: HubTask, now: number): boolean =>
  task.status === "queued" && task.created_at < now - limits.ttlMs && task.complexity.effective_tier !== "trivial"

/** Whether an assigned task is past its own deadline. */
export const isOverdue = (task: HubTask, now: number): boolean =>
  task.status === "assigned" && task.complete_by !== null && task.complete_by < now

/** Whether an assigned task was silent for too long. A working agent gets twice the time. */
export const isStale = (task: HubTask, agentWorks: boolean, now: number): boolean =>
  task.status === "assigned" &&
  task.updated_at < now - (agentWorks ? limits.staleWorkingMs : limits.staleOfflineMs)
