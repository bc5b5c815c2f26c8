import type { AgentPhase } from "../domain/agent/AgentSlot.ts"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import type { LocalFact } from "../domain/Message.ts"
import type { Connection, Disk, Ownership } from "../domain/SidecarState.ts"
import type { JsonObject, WorkStatus } from "../domain/Work.ts"
import type { Header, Place } from "./format.ts"

/**
 * How this version compares with the recorded sidecar. `same`: both did it; `changed`: both did it, with different fields;
 * `recorded`: only the recorded sidecar did it; `ours`: only this version does it; `beyond`: this version does it after the
 * last line of a life or connection. The recording says nothing about that time, so it is no difference.
 */
export type Verdict = "same" | "changed" | "recorded" | "ours" | "beyond"

/** The verdict on what runs on this machine. It is also `same` if the recording cannot tell. */
export type LocalVerdict = Exclude<Verdict, "changed" | "recorded">

/** The state of the sidecar, in short. */
export interface Picture {
  readonly connection: Connection["phase"]
  readonly ownership: Ownership
  readonly task_id: string | null
  readonly generation: number | null
  readonly status: WorkStatus | null
  readonly attempts: number
  readonly agent_phase: AgentPhase["_tag"]
  /** The messages that are being delivered. */
  readonly batch: { readonly batch_id: string; readonly status: WorkStatus; readonly attempts: number } | null
  readonly disk: Disk
  readonly draining: boolean
}

/** A command that runs on this machine. A recording shows its outcome or nothing. */
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

export interface Summary {
  readonly frames_in: number // without assumed ones
  readonly frames_out: Readonly<Record<Verdict, number>>
  readonly local_differences: number // wakes, actions and decisions that differ, and lives that failed
  readonly wakes: ReadonlyArray<{ readonly task_id: string; readonly wakes: number }>
  readonly wakes_left_out: number // of tasks beyond the limit of `wakes`
  readonly lives: number
  readonly notes: number
  readonly first_t: number | null
  readonly last_t: number | null
  readonly differs: boolean
}

/** Something that happens in a replayed session. `t` is in epoch milliseconds by the recorded clock. */
export type ReplayEvent =
  & { readonly t: number }
  & (
    /** A file begins. Without a header another client recorded its frames. */
    | { readonly kind: "file"; readonly file: string; readonly header: Header | null }
    /** The daemon starts or ends. Without an exit code it was killed or stopped, or the recording ended. */
    | { readonly kind: "life"; readonly life: number; readonly phase: "begins" }
    | {
      readonly kind: "life"
      readonly life: number
      readonly phase: "ends"
      readonly exit_code: number | null
      readonly failed: string | null // the error, if a step threw one
    }
    /**
     * A frame of the hub. `unheard`: this version had no connection to receive it. Without a place it is not recorded but
     * the assumed answer to a frame that the recorded sidecar did not send.
     */
    | {
      readonly kind: "frame"
      readonly dir: "in"
      readonly msg: JsonObject
      readonly unheard: boolean
      readonly place: Place | null
    }
    /**
     * A frame to the hub. `msg` is what this version sends, except for the verdict `recorded`; `recorded` is the recorded
     * frame; `fields` are the fields that differ.
     */
    | {
      readonly kind: "frame"
      readonly dir: "out"
      readonly verdict: Verdict
      readonly msg: JsonObject
      readonly recorded: { readonly t: number; readonly msg: JsonObject; readonly place: Place } | null
      readonly fields: ReadonlyArray<string>
    }
    /** A message from this machine to the actor. `stand-in`: it is not recorded but assumed. */
    | { readonly kind: "fact"; readonly of: "recording" | "stand-in"; readonly fact: LocalFact }
    | { readonly kind: "state"; readonly before: Picture; readonly after: Picture }
    /** The agent is woken for the task. */
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
    /** The commands of one step and the state after it, as only one of the two decided them. */
    | {
      readonly kind: "decision"
      readonly verdict: "recorded" | "ours"
      readonly commands: ReadonlyArray<string>
      readonly state: string | null // null if it did not change
    }
    | { readonly kind: "log"; readonly log: LifecycleEvent }
    /** Something that the reader should know about the recording. */
    | { readonly kind: "note"; readonly text: string; readonly place: Place | null }
    | { readonly kind: "end"; readonly summary: Summary }
  )

/** Whether this version and the recorded sidecar differ in the event. */
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

/** The id of the task or batch that an event is about; null if it is about none. */
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

/** A reserved place in the order of events. `undefined`: not decided yet; `null`: no event belongs here. */
export interface EventSlot {
  event: ReplayEvent | null | undefined
}

/** Events in their order. An undecided slot holds back all events after it. */
export class EventQueue {
  readonly #slots: Array<EventSlot> = []

  get length(): number {
    return this.#slots.length
  }

  readonly add = (event: ReplayEvent): void => void this.#slots.push({ event })

  reserve(): EventSlot {
    const slot: EventSlot = { event: undefined }
    this.#slots.push(slot)
    return slot
  }

  /** Removes and returns the events before the first undecided slot. */
  take(): ReadonlyArray<ReplayEvent> {
    const undecided = this.#slots.findIndex(({ event }) => event === undefined)
    const decided = this.#slots.splice(0, undecided < 0 ? this.#slots.length : undecided)
    return decided.map(({ event }) => event).filter((event) => event !== null && event !== undefined)
  }
}
