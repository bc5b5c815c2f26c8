import type { Answer, Evidence, Progress } from "./Evidence.ts"
import type { Obstacle } from "./Readiness.ts"
import type { StoredState, TimerName } from "./SidecarState.ts"
import type { Assignment, WakeEnd, WorkFound } from "./Task.ts"

/** What the hub said or what happened to the connection to it. */
export type HubMessage =
  | { readonly _tag: "Connected" }
  | { readonly _tag: "Identified" }
  | { readonly _tag: "Disconnected"; readonly half_open: boolean }
  | { readonly _tag: "TaskAssigned"; readonly task: Assignment }
  | {
    readonly _tag: "TaskUnworkable" // assigned to us, but nothing more of it can be taken in
    readonly task_id: string
    readonly generation: number
    readonly reason: string
  }
  | { readonly _tag: "TaskAcknowledged"; readonly task_id: string; readonly status: string }
  | { readonly _tag: "TaskContinued"; readonly task_id: string; readonly generation: number }
  | { readonly _tag: "TaskReassigned"; readonly task_id: string }
  | { readonly _tag: "StateReportAnswered"; readonly task_id: string; readonly action: "continue" | "abort" }
  | { readonly _tag: "TaskCancelled"; readonly task_id: string }
  | {
    readonly _tag: "HubRefused"
    readonly error: string
    readonly message_type: string | null
    readonly unknown_type: boolean
  }
  | { readonly _tag: "RateLimited"; readonly retry_after_ms: number }
  | { readonly _tag: "HubLostUs" }
  | { readonly _tag: "RestartRequested"; readonly reason: string }

/** What the agent wrote into the results folder; `wake_id` is the wake during whose watch it was seen. */
export type AgentMessage =
  | { readonly _tag: "AgentStarted"; readonly task_id: string; readonly wake_id: string | null }
  | { readonly _tag: "ProgressFound"; readonly task_id: string; readonly progress: Progress }
  | { readonly _tag: "ResultFound"; readonly task_id: string; readonly answer: Answer }

/** How a command of ours came out. */
export type OutcomeMessage =
  | { readonly _tag: "AgentInspected"; readonly task_id: string; readonly evidence: Evidence }
  | { readonly _tag: "WakeSpawned"; readonly task_id: string; readonly wake_id: string }
  | { readonly _tag: "WakeImpossible"; readonly task_id: string; readonly wake_id: string; readonly reason: string }
  | { readonly _tag: "WakeExited"; readonly task_id: string; readonly wake_id: string; readonly end: WakeEnd }
  | { readonly _tag: "AgentStopped"; readonly task_id: string; readonly was_alive: boolean }
  | { readonly _tag: "RetryDue"; readonly task_id: string }
  | { readonly _tag: "TimerFired"; readonly timer: TimerName; readonly due: number }
  | { readonly _tag: "SaveFailed"; readonly reason: string }
  | { readonly _tag: "SaveSucceeded" }
  | {
    readonly _tag: "ReadinessChecked"
    readonly obstacle: Obstacle | null
    readonly programs: string // which programs a wake would run
  }
  | { readonly _tag: "OrphanFound"; readonly task_id: string } // files of a task, unchanged for `retention_days`
  | { readonly _tag: "TaskLookedUp"; readonly task_id: string; readonly whereabouts: Whereabouts }

/** Where the hub's books say a task is: with us or in the queue, with nobody who waits for us, or unknown as no look-up was to be had. */
export type Whereabouts = "queued" | "ours" | "elsewhere" | "unknown"

export type Message =
  | HubMessage
  | AgentMessage
  | OutcomeMessage
  | {
    readonly _tag: "Restarted"
    readonly stored: StoredState | null // where there is none, or none any more
    readonly survivors: ReadonlyArray<string>
    readonly at_work?: WorkFound | null // looked for where there is no stored state
  }
  | { readonly _tag: "DrainRequested"; readonly exit_code: 0 | 75 }
