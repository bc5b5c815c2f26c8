import type { TimerName } from "../../src/domain/SidecarState.ts"
import type { Side } from "./side.ts"

/** One of the two tasks. */
export type T = 0 | 1
export type Pair<A> = readonly [A, A]
export const both: Pair<T> = [0, 1]
export const taskIds: Pair<string> = ["task-a", "task-b"]
export const indexOf = (task_id: string): T => task_id === taskIds[0] ? 0 : 1
export const other = (task: T): T => task === 0 ? 1 : 0
export const put = <A>(pair: Pair<A>, task: T, value: A): Pair<A> => task === 0 ? [value, pair[1]] : [pair[0], value]
export const flip = <A>(pair: Pair<A>): Pair<A> => [pair[1], pair[0]]

export type Break = "closed" | "half_open" | "hub_restart"
/** `ended` is what exec tells of a command that the agent has said nothing in. */
export type AnswerKind = "good" | "bad" | "ended" | "unusable" | "half"

/** What may happen in a walk, and how often. */
export interface Config {
  readonly name: string
  readonly tasks: 1 | 2
  readonly breaks: ReadonlyArray<Break>
  readonly disconnects: number
  readonly crashes: number
  readonly reboot: boolean // the crash is one of the machine
  readonly loses: boolean // the state is lost with the crash
  readonly diskFaults: number
  readonly blindLooks: number // at the agent, of which the processes or the folder cannot be read
  readonly answers: ReadonlyArray<AnswerKind>
  readonly blocks: boolean // wake_command_blocks
  readonly othersTake: boolean // another agent may take a queued task
  readonly othersReturn: boolean // and the hub may take it back from that one
  readonly expires: boolean // a queued task may be dead-lettered by its age
  readonly cancels: number
  readonly reclaims: number // taken back silently
  readonly limited: number // frames answered with rate_limited
  readonly unfit: number // reports answered with validation_failed
  readonly oversized: boolean // the first task holds more than can be taken in
  readonly olderHub: ReadonlyArray<Frame["kind"]> // the questions it does not know
  readonly unspawned: boolean // a wake may be impossible, not be spawned, or have a payload that cannot be written
  readonly vanishes: number // the program of the wake command, until it is there again
  readonly progress: boolean
  readonly drain: boolean
  readonly timeout: boolean // task_timeout may fire
  readonly strays: number // messages that nobody waits for
  readonly late: boolean // what was launched may show itself after its attempt was given up
  /** What our own machine tells is handled at once; else only before what the same teller says later. */
  readonly prompt: boolean
}

export interface HubTask {
  readonly at: "queued" | "ours" | "other" | "done" | "dead"
  readonly generation: number
  readonly accepted: boolean
}

export interface Hub {
  readonly tasks: Pair<HubTask>
  readonly idle: boolean // the hub thinks that we have nothing to do
  /** Whose socket the hub pushes to: none, this connection's, one before it, or this one's that it has lost. */
  readonly socket: "none" | "ours" | "old" | "lost"
}

export interface Frame {
  readonly kind: "accept" | "reject" | "recovery" | "state" | "complete" | "failed"
  readonly task: T
  readonly generation: number
}

export interface Note {
  readonly say:
    | "identified"
    | "assign"
    | "ack"
    | "continue"
    | "reassign"
    | "state"
    | "cancelled"
    | "refused"
    | "limited"
    | "lost"
  readonly task: T
  readonly generation: number
  readonly word: string
}

/** The connection: what is under way on it, both ways. */
export interface Net {
  readonly wanted: boolean // the connection is to be kept open
  readonly open: boolean
  readonly closing: boolean
  readonly out: ReadonlyArray<Frame>
  readonly in: ReadonlyArray<Note>
}

export type End = "exited 0" | "exited 1" | "killed" | "unseen" | "unspawned" | "unwritten" | "unwritten for 30 s"

/** What this life of the daemon has under way; lost with it. */
export interface Daemon {
  readonly timers: ReadonlyArray<TimerName>
  readonly retry: boolean
  readonly watch: { readonly task: T; readonly current: boolean } | null
  readonly stops: Pair<boolean>
  readonly lookUp: T | null
  readonly over: boolean
  // told, and not handled yet
  readonly spawned: boolean
  readonly impossible: boolean
  readonly exited: End | null
  readonly started: boolean
  readonly progress: boolean
  readonly answer: AnswerKind | null
  readonly stopped: Pair<"lived" | "was gone" | null>
}

export interface Files {
  readonly started: "no" | "fresh" | "earlier" | "stale" // earlier: than the wake that is meant now
  readonly answer: AnswerKind | null
  readonly worker: boolean // something may still write
}

/** Processes and files: they outlive the daemon. */
export interface Body {
  readonly launcher: {
    readonly task: T
    readonly current: boolean
    readonly mine: boolean // of this life of the daemon
    readonly heard: boolean // and what becomes of it will be told
    readonly revoked: boolean
  } | null
  readonly process: {
    readonly task: T
    readonly current: boolean
    readonly watched: "no" | "spawned" | "adopted"
  } | null
  readonly ran: boolean // the current wake
  readonly rebooted: boolean // since the current wake
  readonly files: Pair<Files>
}

/** What only the invariants ask for, and how many faults may still come. */
export interface Ghost {
  readonly given: number | null // the newest generation of the task held
  readonly attempted: Pair<boolean> // woken since the hub last counted a failure
  readonly disconnects: number
  readonly crashes: number
  readonly diskFaults: number
  readonly blindLooks: number
  readonly cancels: number
  readonly reclaims: number
  readonly limited: number
  readonly unfit: number
  readonly drained: boolean
  readonly strays: number
  readonly vanishes: number
  readonly missing: boolean // the program
}

export interface World {
  readonly side: Side
  readonly saved: Side | null // what is on the disk, where it is not what is in memory
  readonly hub: Hub
  readonly net: Net
  readonly daemon: Daemon
  readonly body: Body
  readonly ghost: Ghost
  readonly ids: PartIds | null // once it is finished
}

/** The numbers of its parts, the same for all worlds that have them. */
export interface PartIds {
  readonly hub: number
  readonly net: number
  readonly daemon: number
  readonly body: number
  readonly ghost: number
}

export const freshDaemon: Daemon = {
  timers: [],
  retry: false,
  watch: null,
  stops: [false, false],
  lookUp: null,
  over: false,
  spawned: false,
  impossible: false,
  exited: null,
  started: false,
  progress: false,
  answer: null,
  stopped: [null, null]
}

export const noFiles: Files = { started: "no", answer: null, worker: false }
export const noNet: Net = { wanted: false, open: false, closing: false, out: [], in: [] }
