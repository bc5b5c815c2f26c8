import type { Chance } from "./chance.ts"

/** Faults that strike at any time, with how often one is chosen among the others. */
export const timedFaults = {
  link_cut: 6,
  link_half_open: 4,
  hub_restart: 3,
  hub_mute: 3,
  hub_unreachable: 2,
  other_agent_joins: 3,
  other_agent_leaves: 2,
  operator_cancels: 3,
  operator_retries: 2,
  operator_pushes: 1,
  operator_restarts_us: 1,
  daemon_killed: 4,
  daemon_stopped: 2,
  machine_reboots: 2,
  state_lost: 2,
  disk_full: 2,
  program_missing: 2,
  clock_jumps_ahead: 1,
  clock_jumps_back: 1
} as const

/** Faults that strike when something is done, with their probability then. */
export const chanceFaults = {
  // the hub and the way to it
  frames_lost_with_connection: 0.5,
  frame_slow: 0.04,
  link_cut_at_frame: 0.02,
  link_half_open_at_frame: 0.01,
  push_delayed: 0.3,
  push_repeated_late: 0.5,
  agent_left_lost: 0.5,
  assignment_delayed: 0.3,
  task_deadline_short: 0.15,
  restarts_us_in_doubt: 0.1,
  rate_limited: 0.04,
  identify_refused: 0.03,
  identify_cooldown: 0.03,
  lookup_fails: 0.3,
  answer_refused_by_hub: 0.03,
  accept_refused_by_hub: 0.02,
  // the talk
  talk_storm: 0.05,
  http_fails: 0.04,
  http_hangs: 0.03,
  http_crashes: 0.03,
  stored_and_crashed: 0.05,
  ack_late: 0.2,
  talk_limited: 0.03,
  messages_unwritten: 0.02,
  // the agent
  agent_slow: 0.15,
  agent_dead_at_once: 0.12,
  agent_never_confirms: 0.06,
  agent_confirms_late: 0.08,
  agent_confirms_in_retry_delay: 0.08,
  agent_answers_before_confirming: 0.1,
  agent_answers_twice: 0.1,
  agent_answer_half_written: 0.1,
  agent_answer_unusable: 0.05,
  agent_fails: 0.12,
  agent_exits_nonzero: 0.1,
  agent_ends_without_answer: 0.08,
  agent_hangs: 0.03,
  agent_lingers: 0.1,
  agent_ignores_term: 0.2,
  agent_answers_when_stopped: 0.2,
  agent_answers_after_failure: 0.2,
  wake_impossible: 0.02,
  wake_unspawned: 0.04,
  payload_unwritten: 0.04,
  processes_unreadable: 0.02,
  results_unreadable: 0.02,
  // the disk
  disk_slow: 0.02,
  disk_fails: 0.02,
  state_torn: 0.3,
  answer_lost_by_reboot: 0.6,
  // the watcher
  watch_event_lost: 0.2,
  watch_event_doubled: 0.1,
  watch_event_late: 0.2,
  // the daemon
  crash_at_operation: 0.5
} as const

export type TimedFault = keyof typeof timedFaults
export type ChanceFault = keyof typeof chanceFaults
export type Fault = TimedFault | ChanceFault

const isTimed = (name: string): name is TimedFault => name in timedFaults
export const timedFaultNames: ReadonlyArray<TimedFault> = Object.keys(timedFaults).filter(isTimed)
export const faultNames: ReadonlyArray<string> = [...timedFaultNames, ...Object.keys(chanceFaults)]

const share_of_kinds = 0.5

/** One occasion for a fault to strike. */
export interface Strike {
  readonly fault: Fault
  readonly id: string
}

/**
 * What goes wrong in a run. Each run has about half of the kinds of faults, so that each can be seen without the others.
 * A fault left out for good or once (`kind` or `kind#n`) does not change when the others strike.
 */
export class Faults {
  quiet = false
  /** The faults that were injected, in order. */
  readonly hits: Array<string> = []
  readonly #chance: Chance
  readonly #without: ReadonlySet<string>
  readonly #active: ReadonlySet<string>
  readonly #timed: ReadonlyArray<TimedFault>

  constructor(chance: Chance, without: ReadonlySet<string>) {
    this.#chance = chance
    this.#without = without
    this.#active = new Set(faultNames.filter((name) => chance.is(`active ${name}`, share_of_kinds)))
    this.#timed = timedFaultNames.filter((name) => this.#active.has(name))
  }

  /** Whether the fault strikes where it could; then it counts as injected. */
  strikes(fault: ChanceFault): boolean {
    const strike = this.mayStrike(fault)
    if (strike !== null) this.injected(strike)
    return strike !== null
  }

  /** Whether the fault is to strike; it counts when it has. */
  mayStrike(fault: ChanceFault): Strike | null {
    return this.#chance.is(fault, chanceFaults[fault]) && this.#active.has(fault) ? this.#allowed(fault, fault) : null
  }

  /** The timed fault that is to strike now, if one is; it counts when it has. */
  next(): Strike | null {
    const whole = this.#timed.reduce((sum, name) => sum + timedFaults[name], 0)
    let drawn = this.#chance.next("timed fault") * whole
    const fault = this.#timed.find((name) => (drawn -= timedFaults[name]) < 0)
    if (fault === undefined) return null
    this.#chance.next(`timed ${fault}`)
    return this.#allowed(fault, `timed ${fault}`)
  }

  injected({ id }: Strike): void {
    this.hits.push(id)
  }

  #allowed(fault: Fault, drawn: string): Strike | null {
    const id = `${fault}#${this.#chance.drawn(drawn)}`
    return this.quiet || this.#without.has(fault) || this.#without.has(id) ? null : { fault, id }
  }
}

/** The kind of fault of an id as it stands in `hits`. */
export const kindOf = (id: string): string => id.split("#")[0] ?? id

export const isTimedFault = (fault: Fault): fault is TimedFault => isTimed(fault)
