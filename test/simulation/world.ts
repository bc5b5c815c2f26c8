import { defaultMessagePolicy } from "../../src/domain/messages/MessagePolicy.ts"
import type { Policy } from "../../src/domain/SidecarState.ts"
import { Chance } from "./chance.ts"
import { Faults } from "./faults.ts"
import { our_id } from "./hubModel.ts"
import type { Recording } from "./recording.ts"
import { drawMessagePolicy } from "./talk/policy.ts"
import { Timeline } from "./Timeline.ts"

const minute_ms = 60_000
const epoch_ms = 1_800_000_000_000

/**
 * How a run is made. `without` are faults that are left out, `traced` keeps the journal, `recording` what the daemons see.
 */
export interface RunOptions {
  readonly seed: number
  readonly without?: ReadonlySet<string>
  readonly traced?: boolean
  readonly recording?: Recording
}

/** What everything in a run shares: time, chance, faults, the journal and the first thing that went wrong. */
export class World {
  readonly timeline = new Timeline()
  readonly chance: Chance
  readonly faults: Faults
  readonly policy: Policy
  /** Whether there is talk beside the tasks, and a command that delivers it. */
  readonly talks: boolean
  readonly journal: Array<string> = []
  readonly situations: Array<string> = []
  readonly seed: number
  /** How far the wall clock of our machine has been set ahead, in milliseconds. */
  clock_offset = 0
  clock_was_set_ahead = false
  clock_was_set = false
  /** When something last kept a frame or the daemon waiting. */
  troubled_at = 0
  /** When a fault last kept anything waiting, at either end. */
  hindered_at = 0
  /** How many lives the daemon has had. */
  lives = 0
  violation: string | null = null
  /** Something is going on at this moment: a good one for a fault. */
  moment: () => void = () => undefined
  readonly recording: Recording | null
  readonly #traced: boolean

  constructor({ recording, seed, traced = false, without = new Set() }: RunOptions) {
    this.recording = recording ?? null
    this.seed = seed
    this.chance = new Chance(seed)
    this.faults = new Faults(this.chance, without)
    this.#traced = traced
    const messages = drawMessagePolicy(this.chance, our_id)
    this.talks = messages !== null
    this.policy = {
      agent_silence_ms: this.chance.pick("policy", [5, 10, 30]) * minute_ms,
      wake_command_blocks: this.chance.is("policy", 0.5),
      confirmation_timeout_ms: 30_000,
      task_timeout_ms: this.chance.pick("policy", [30, 60, 120]) * minute_ms,
      messages: messages ?? defaultMessagePolicy
    }
  }

  get now(): number {
    return this.timeline.now
  }

  /** The time on the hub's machine; epoch milliseconds. */
  get hubTime(): number {
    return epoch_ms + this.timeline.now
  }

  /** A fault keeps a frame or the daemon waiting until then. */
  troubles(until: number): void {
    this.troubled_at = until
    this.hinders(until)
  }

  /** A fault keeps something waiting until then. */
  hinders(until: number): void {
    this.hindered_at = Math.max(this.hindered_at, until)
  }

  /** A situation that the run has come to; counted, so that one can see what the faults lead to. */
  reached(situation: string): void {
    this.situations.push(situation)
  }

  note(text: () => string): void {
    if (this.#traced) this.journal.push(`${(this.now / 1000).toFixed(3).padStart(10)}  ${text()}`)
  }

  /** Something that must never be is; the first of a run is the one that counts. */
  violate(what: string): void {
    this.note(() => `VIOLATION: ${what}`)
    this.violation ??= what
  }
}
