import type { Recorded } from "./messages/Fate.ts"
import type { Unready } from "./Readiness.ts"
import type { WorkName } from "./Work.ts"

/** The vocabulary of the log: one variant an event, its fields beside it. `ts` and `agent_id` are added by the Logger. Durations are in milliseconds. */
export type LifecycleEvent =
  // the daemon
  | {
    readonly event: "startup"
    readonly version: string
    readonly node: string
    readonly pid: number
    readonly hub_url: string
  }
  | { readonly event: "secret_exposed"; readonly path: string; readonly reason: string; readonly remedy: string }
  | { readonly event: "folder_exposed"; readonly path: string; readonly reason: string; readonly remedy: string }
  | { readonly event: "hub_unencrypted"; readonly url: string; readonly remedy: string }
  | { readonly event: "lock_elsewhere"; readonly path: string; readonly reason: string }
  | { readonly event: "folder_unlocked"; readonly path: string; readonly reason: string }
  | { readonly event: "started_as_root"; readonly path: string; readonly reason: string; readonly remedy: string }
  | { readonly event: "same_agent"; readonly reason: string; readonly remedy: string }
  | { readonly event: "control_unavailable"; readonly path: string; readonly reason: string }
  | { readonly event: "wake_obstructed"; readonly reason: string }
  | { readonly event: "processes_unreaped"; readonly reason: string; readonly remedy: string }
  | { readonly event: "shutdown"; readonly reason: string }
  | { readonly event: "draining"; readonly exit_code: number }
  | { readonly event: "state_set_aside"; readonly path: string; readonly reason: string }
  | { readonly event: "state_adopted"; readonly task_id: string; readonly wake_id: string; readonly generation: number }
  | { readonly event: "state_unsaved"; readonly reason: string }
  | { readonly event: "state_saved_again" }
  | {
    readonly event: "not_ready"
    readonly cause: Unready["cause"]
    readonly reason: string
    readonly remedy: string
  }
  | { readonly event: "ready_again" }
  | { readonly event: "loop_stalled"; readonly ms: number }
  /** Of those equal to ones that were logged. */
  | { readonly event: "events_left_out"; readonly of: string; readonly count: number }
  | { readonly event: "fiber_died"; readonly fiber: string; readonly reason: string }
  | { readonly event: "metrics_listening"; readonly url: string }
  | { readonly event: "metrics_unavailable"; readonly reason: string }
  // the hub
  | { readonly event: "ws_connected"; readonly url: string }
  | { readonly event: "identified" }
  | { readonly event: "identify_refused"; readonly reason: string }
  | { readonly event: "ws_closed"; readonly code: number; readonly reason: string }
  | { readonly event: "reconnect_scheduled"; readonly delay_ms: number; readonly attempt: number }
  | { readonly event: "reconnecting"; readonly reason: string }
  | { readonly event: "heartbeat_timeout"; readonly after_ms: number }
  | { readonly event: "frame_undecodable"; readonly reason: string; readonly excerpt: string }
  | { readonly event: "frame_ignored"; readonly type: string }
  | { readonly event: "hub_error"; readonly error: string }
  | {
    readonly event: "secret_hidden"
    readonly task_id: string | null
    readonly field: string // of the frame in which it stood
    readonly names: ReadonlyArray<string> // of the variables or settings, never their values
  }
  | { readonly event: "rate_limited"; readonly retry_after_ms: number }
  | { readonly event: "frame_refused"; readonly type: string; readonly error: string }
  // a task
  | { readonly event: "task_received"; readonly task_id: string; readonly generation: number; readonly again: boolean }
  | { readonly event: "task_refused"; readonly task_id: string; readonly reason: string }
  | { readonly event: "task_cancelled"; readonly task_id: string }
  | { readonly event: "task_given_back"; readonly task_id: string; readonly reason: string }
  | WorkName & { readonly event: "wake_attempt"; readonly attempt: number; readonly wake_id: string }
  | WorkName & {
    readonly event: "wake_ended"
    readonly exit_code: number | null
    readonly duration_ms: number
  }
  | WorkName & { readonly event: "agent_started"; readonly confirmed_after_ms: number | null }
  | WorkName & { readonly event: "agent_found_at_work" }
  | WorkName & { readonly event: "wake_failed"; readonly attempt: number; readonly reason: string }
  | { readonly event: "task_progress"; readonly task_id: string; readonly progress: number | null }
  | WorkName & { readonly event: "answer_found"; readonly outcome: "success" | "failure" | "unusable" }
  | WorkName & { readonly event: "answer_ignored"; readonly reason: string }
  | WorkName & { readonly event: "agent_stopping"; readonly reason: string }
  /** It lives in another container or pid namespace, where it cannot be stopped: its end is waited for. */
  | WorkName & { readonly event: "agent_out_of_reach" }
  | WorkName & { readonly event: "agent_unstoppable"; readonly pids: ReadonlyArray<number> }
  | {
    readonly event: "report_sent"
    readonly task_id: string
    readonly generation: number
    readonly outcome: "complete" | "failed"
    /** Why it failed, as the hub is told. */
    readonly reason?: string
  }
  | {
    readonly event: "report_acknowledged"
    readonly task_id: string
    readonly status: string
    readonly duration_ms: number
  }
  | { readonly event: "report_refused"; readonly task_id: string; readonly reason: string; readonly remedy: string }
  | WorkName & { readonly event: "files_kept"; readonly folder: string }
  | WorkName & { readonly event: "files_expired"; readonly folder: string }
  | { readonly event: "file_trouble"; readonly path: string; readonly reason: string }
  // messages
  /** Of messages that were recorded together, those of which the same became. The fields behind `count` are those of the first. */
  | {
    readonly event: "messages_received"
    readonly outcome: Exclude<Recorded["outcome"], "pushed">
    readonly count: number
    readonly message_id: string
    readonly from: string
    readonly type: string
    readonly reason?: string
  }
  | { readonly event: "messages_unrecorded"; readonly reason: string }
  /** The limits of an hour let nothing through of what waits. `until` is in epoch milliseconds. */
  | { readonly event: "messages_held_back"; readonly count: number; readonly until: number }
  | { readonly event: "channel_refused"; readonly channel: string; readonly reason: string }
  | { readonly event: "delivery_test_overdue" } // the hub pushes to another socket of ours
  | { readonly event: "delivery_postponed"; readonly batch_id: string; readonly reason: string }
  | { readonly event: "replies_unclear"; readonly batch_id: string; readonly reason: string }
  | { readonly event: "message_sent"; readonly key: string; readonly message_id: string | null }
  | { readonly event: "message_unsent"; readonly reason: string }
  | { readonly event: "message_rejected"; readonly reason: string; readonly file: string }
  | { readonly event: "message_refused"; readonly key: string; readonly reason: string }
  // recovery
  | WorkName & { readonly event: "recovery_found"; readonly status: string; readonly generation: number }
  | { readonly event: "recovery_settled"; readonly task_id: string; readonly outcome: "ours" | "in_doubt" | "not_ours" }
