import { type Complexity, complexityOf } from "./complexity.ts"
import type { JsonObject } from "./json.ts"
import { array, number, object, text, texts } from "./json.ts"
import { limits } from "./limits.ts"

export type TaskStatus = "queued" | "assigned" | "completed" | "dead_letter" | "cancelled"

export interface HistoryEntry {
  readonly event: string
  readonly timestamp: number
  readonly details: unknown
}

/** A task as the hub keeps it; the names are those of `GET /api/tasks/ID`. */
export interface HubTask {
  readonly id: string
  readonly description: string
  readonly metadata: JsonObject
  readonly priority: number
  readonly status: TaskStatus
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
  readonly history: ReadonlyArray<HistoryEntry>
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

/** Why a report is refused. */
export type Refusal = "stale_generation" | "invalid_state"

const PRIORITIES: ReadonlyMap<string, number> = new Map([["urgent", 0], ["high", 1], ["normal", 2], ["low", 3]])

const change = (task: HubTask, now: number, event: string, details: unknown, fields: Partial<HubTask>): HubTask => ({
  ...task,
  ...fields,
  updated_at: now,
  history: [{ event, timestamp: now, details }, ...task.history].slice(0, limits.historyEntries)
})

/** A freshly submitted task, generation 0, from the body of `POST /api/tasks`. */
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

/** The task in the hands of an agent: every assignment is a new generation. */
export const assigned = (task: HubTask, agentId: string, now: number): HubTask =>
  change(task, now, "assigned", { agent_id: agentId, generation: task.generation + 1 }, {
    status: "assigned",
    assigned_to: agentId,
    assigned_at: now,
    generation: task.generation + 1
  })

/** Back in the queue: every take-back is a new generation, too. */
export const reclaimed = (task: HubTask, now: number, why: string): HubTask =>
  change(task, now, "reclaimed", why, {
    status: "queued",
    assigned_to: null,
    assigned_at: null,
    generation: task.generation + 1
  })

/** Reports are fenced by the generation alone, not by who sends them. */
export const refusal = (task: HubTask, generation: number): Refusal | undefined =>
  task.status !== "assigned" ? "invalid_state" : task.generation !== generation ? "stale_generation" : undefined

/** The task with its answer. */
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

/** The task after a failure: queued again, or a dead letter once its retries are used up. */
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

/** A sign of life: renews the lease of an assigned task, means nothing for any other. */
export const touched = (task: HubTask, now: number): HubTask =>
  task.status === "assigned" ? { ...task, updated_at: now } : task

/** Whether the queue gives up a queued task of this age. */
export const isPastTtl = (task: HubTask, now: number): boolean =>
  task.status === "queued" && task.created_at < now - limits.ttlMs && task.complexity.effective_tier !== "trivial"

/** Whether an assigned task is past its own deadline. */
export const isOverdue = (task: HubTask, now: number): boolean =>
  task.status === "assigned" && task.complete_by !== null && task.complete_by < now

/** Whether an assigned task was silent for too long; an agent at work gets twice the time. */
export const isStale = (task: HubTask, agentWorks: boolean, now: number): boolean =>
  task.status === "assigned" &&
  task.updated_at < now - (agentWorks ? limits.staleWorkingMs : limits.staleOfflineMs)
