import type { Progress } from "./Evidence.ts"
import type { LifecycleEvent } from "./LifecycleEvent.ts"
import type { Judged } from "./messages/Fate.ts"
import type { Known, Reading, TalkFrame } from "./messages/Talk.ts"
import type { TimerName } from "./SidecarState.ts"
import type { Batch, JsonObject, Task, Work } from "./Work.ts"

/** What a report tells the hub: the agent's answer, or why there is none. */
export type Report =
  | { readonly _tag: "Complete"; readonly result: JsonObject; readonly tokens_used: number | null }
  | { readonly _tag: "Failed"; readonly reason: string }

/** A frame to the hub. Each names the task it speaks of, as it stood when the command was made. */
export type HubCommand =
  | { readonly _tag: "Identify"; readonly status: string }
  | { readonly _tag: "AcceptTask"; readonly task: Task }
  | { readonly _tag: "RejectTask"; readonly task_id: string; readonly reason: string }
  | { readonly _tag: "AskRecovery"; readonly task: Task }
  | { readonly _tag: "ReportState"; readonly task: Task }
  | { readonly _tag: "SendReport"; readonly task: Task; readonly report: Report }
  | { readonly _tag: "SendProgress"; readonly task: Task; readonly progress: Progress }
  | {
    readonly _tag: "SendWakeResult"
    readonly task: Task
    readonly status: "success" | "failed" | "timeout"
    readonly reason: string | null
  }
  | { readonly _tag: "AnnounceRestart"; readonly reason: string }
  | TalkFrame
  | { readonly _tag: "ShowPresence"; readonly text: string }

/** What the agent half has done, about the processes and files of its work. */
export type AgentCommand =
  | { readonly _tag: "InspectAgent"; readonly work: Work } // revokes a wake that was intended but has not begun
  | { readonly _tag: "ClearEvidence"; readonly work_id: string }
  | { readonly _tag: "WatchResults"; readonly work_id: string; readonly wake_id: string | null }
  | { readonly _tag: "StopWatching"; readonly work_id: string }
  | { readonly _tag: "WakeAgent"; readonly work: Work; readonly wake_id: string }
  | { readonly _tag: "RevokeWake"; readonly work_id: string } // one that has not been spawned never will be
  | { readonly _tag: "AdoptAgent"; readonly work: Work; readonly wake_id: string }
  | { readonly _tag: "RetryWake"; readonly work_id: string; readonly failed_attempts: number }
  | { readonly _tag: "StopAgent"; readonly work_id: string; readonly linger_ms: number }
  | { readonly _tag: "SetAside"; readonly work_id: string; readonly folder: "sent" | "rejected" }
  | { readonly _tag: "RemoveFiles"; readonly work_id: string; readonly keep_answer: boolean }
  | { readonly _tag: "StartTimer"; readonly timer: TimerName; readonly after_ms: number; readonly due: number }
  | { readonly _tag: "CancelTimer"; readonly timer: TimerName }
  | { readonly _tag: "Log"; readonly event: LifecycleEvent }

/** How a delivery ended. `Postponed`: this machine could not wake the agent. */
export type DeliveryEnd =
  | { readonly _tag: "Delivered"; readonly answer: JsonObject }
  | { readonly _tag: "Failed"; readonly reason: string }
  | { readonly _tag: "Postponed" }

/** What has to be done about messages. */
export type TalkCommand =
  | { readonly _tag: "RecordMessages"; readonly judged: ReadonlyArray<Judged> }
  | { readonly _tag: "SettlePushed"; readonly until: number } // those that are not direct by then were broadcasts
  | { readonly _tag: "NoteKnown"; readonly known: Known; readonly missed_until: number | null } // what a full inbox left out up to this time of the hub is recorded
  | { readonly _tag: "ReadHub"; readonly reading: Reading; readonly pass: number }
  | { readonly _tag: "AcknowledgeMailbox"; readonly up_to: number; readonly pass: number }
  | { readonly _tag: "ShowMessages"; readonly task_id: string; readonly since: number } // to the agent of the task, which is at work
  | { readonly _tag: "ChooseBatch" }
  | { readonly _tag: "BeginDelivery"; readonly batch: Batch }
  | { readonly _tag: "EndDelivery"; readonly batch: Batch; readonly end: DeliveryEnd }
  | { readonly _tag: "SendNext"; readonly after: number } // of the outbox; a time of the hub's clock that has passed
  | { readonly _tag: "TestDelivery" } // by a message to ourselves

/** What the daemon has to do. Every outcome comes back as a Message. */
export type Command =
  | HubCommand
  | AgentCommand
  | TalkCommand
  | { readonly _tag: "Reconnect"; readonly reason: string }
  | { readonly _tag: "CloseConnection" }
  | { readonly _tag: "OpenConnection" }
  | { readonly _tag: "CheckReadiness"; readonly by_writing: boolean } // where the folders could not be written before
  | { readonly _tag: "SaveState" } // whatever it is by then
  | { readonly _tag: "LookUpTask"; readonly task_id: string }
  | { readonly _tag: "ExpireFiles"; readonly work_id: string }
  | { readonly _tag: "Exit"; readonly code: 0 | 75 }
