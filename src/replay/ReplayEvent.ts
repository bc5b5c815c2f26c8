import type { AgentPhase } from "../domain/agent/AgentSlot.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import type { LocalFact } from "../domain/Message.ts"
import type { Connection, Disk, Ownership } from "../domain/SidecarState.ts"
import type { JsonObject, WorkStatus } from "../domain/Work.ts"
import type { Header } from "./format.ts"

/** A line of a recording; the first is 1. */
export interface Place {
  readonly file: string
  readonly line: number
}

/**
 * How a doing of this version compares with the recording. `same`: both did it; `changed`: both, with other fields;
 * `recorded`: only the recorded sidecar did it; `ours`: only this version does; `beyond`: this version does it after the
 * last line of a life, where the recording says nothing, so that it is no difference.
 */
export type Verdict = "same" | "changed" | "recorded" | "ours" | "beyond"

/** The same of a local doing; it is `same` also where the recording cannot tell. */
export type LocalVerdict = Exclude<Verdict, "changed" | "recorded">

/** What the sidecar knows, in short. */
export interface Picture {
  readonly connection: Connection["phase"]
  readonly ownership: Ownership
  readonly task_id: string | null
  readonly generation: number | null
  readonly status: WorkStatus | null
  readonly attempts: number
  readonly agent_phase: AgentPhase["_tag"]
  readonly disk: Disk
  readonly draining: boolean
}

/** A local doing of the sidecar that the recording would show by its outcome, or not at all. */
export type Action =
  | "inspect"
  | "adopt"
  | "stop"
  | "look_up"
  | "reconnect"
  | "clear"
  | "set_aside"
  | "remove"
  | "expire"

/** How many frames of ours and of the recording there were of each verdict. */
export type Counts = Readonly<Record<Verdict, number>>

export interface Summary {
  readonly frames_in: number // recorded ones
  readonly frames_out: Counts
  /** What else this version and the recorded one differ in: wakes, actions, decisions. */
  readonly local_differences: number
  readonly wakes: ReadonlyArray<{ readonly task_id: string; readonly wakes: number }>
  readonly wakes_left_out: number // of tasks beyond the limit of that list
  readonly lives: number
  readonly notes: number
  readonly first_t: number | null
  readonly last_t: number | null
  readonly differs: boolean
}

/** One thing of a replayed session, in the order of its time. `t` is in epoch milliseconds by the recorded clock. */
export type ReplayEvent =
  & { readonly t: number }
  & (
    /** A file begins; without a header its frames were recorded by another client. */
    | { readonly kind: "file"; readonly file: string; readonly header: Header | null }
    /** The daemon starts, or is no more: it was killed, stopped, or ended with that exit code. */
    | { readonly kind: "life"; readonly life: number; readonly phase: "begins" }
    | {
      readonly kind: "life"
      readonly life: number
      readonly phase: "ends"
      readonly exit_code: number | null
      readonly failed: string | null // why, where it should not have ended
    }
    /**
     * A frame of the hub; `unheard` where no connection of this version was there to take it. Without a place it stands in
     * for the answer to a frame that the recorded sidecar did not send.
     */
    | {
      readonly kind: "frame"
      readonly dir: "in"
      readonly msg: JsonObject
      readonly unheard: boolean
      readonly place: Place | null
    }
    /**
     * A frame to the hub. `msg` is ours, but for `recorded`; `recorded` is the recorded one with its time and line;
     * `fields` names what differs where it is `changed`.
     */
    | {
      readonly kind: "frame"
      readonly dir: "out"
      readonly verdict: Verdict
      readonly msg: JsonObject
      readonly recorded: { readonly t: number; readonly msg: JsonObject; readonly place: Place } | null
      readonly fields: ReadonlyArray<string>
    }
    /** What the actor was told by its own machine: as recorded, or by what stands in where the recording has none. */
    | { readonly kind: "fact"; readonly of: "recording" | "stand-in"; readonly fact: LocalFact }
    | { readonly kind: "state"; readonly before: Picture; readonly after: Picture }
    /** The agent of the task would be woken. */
    | {
      readonly kind: "wake"
      readonly task_id: string
      readonly wake_id: string
      readonly attempt: number
      readonly verdict: LocalVerdict
    }
    | {
      readonly kind: "action"
      readonly action: Action
      readonly task_id: string | null
      readonly verdict: LocalVerdict
    }
    /** The commands of one step and the state after it, where only one of the two decided so. */
    | {
      readonly kind: "decision"
      readonly verdict: "recorded" | "ours"
      readonly commands: ReadonlyArray<string>
      readonly state: string | null // where the recording tells it
    }
    | { readonly kind: "log"; readonly log: LifecycleEvent }
    /** Something about the recording that its reader should know. */
    | { readonly kind: "note"; readonly text: string; readonly place: Place | null }
    | { readonly kind: "end"; readonly summary: Summary }
  )

/** Whether the event is one in which this version and the recorded one differ. */
export const isDifference = (event: ReplayEvent): boolean => {
  switch (event.kind) {
    case "frame":
      return event.dir === "out" && event.verdict !== "same" && event.verdict !== "beyond"
    case "wake":
    case "action":
      return event.verdict === "ours"
    case "decision":
      return true
    case "life":
      return event.phase === "ends" && event.failed !== null
    default:
      return false
  }
}

const idIn = (value: object): string | null => {
  const named = Object.entries(value).find(([name]) => name === "task_id" || name === "work_id" || name === "batch_id")
  return typeof named?.[1] === "string" ? named[1] : null
}

/** The id of the task or batch that an event speaks of, if it speaks of one. */
export const workOf = (event: ReplayEvent): string | null => {
  switch (event.kind) {
    case "frame":
      return idIn(event.msg)
    case "fact":
      return idIn(event.fact)
    case "state":
      return event.after.task_id ?? event.before.task_id
    case "wake":
    case "action":
      return event.task_id
    case "log":
      return idIn(event.log)
    default:
      return null
  }
}
