import type { Command } from "../../domain/Command.ts"
import { limits as ours } from "../../limits.ts"
import { limits } from "../limits.ts"
import type { LocalFact } from "../LocalFact.ts"
import { cancel, type Planned } from "../virtual/Timeline.ts"
import type { Sleep } from "../virtual/VirtualMachine.ts"
import type { Stage } from "./Stage.ts"
import { factKey, keyOfFact } from "./Window.ts"

interface Sleeper {
  readonly key: string
  readonly calledOffBy: ReadonlyArray<string> // how such commands begin
  readonly late_ms: number // how much later the recorded one may have ended
  readonly due: number // by the timeline, in milliseconds
  readonly planned: Planned
  readonly wake: () => void
}

interface Meant {
  readonly key: string
  readonly calledOffBy: ReadonlyArray<string>
  readonly ms: number
  readonly at: number // by the timeline
}

const retryDelay = (failed_attempts: number): number =>
  ours.wake_retries_ms[Math.min(failed_attempts, ours.wake_retries_ms.length) - 1] ?? 0

/**
 * The waits of the actor. A wait is known by the command that asked for it: the fact of its end, where the recording has
 * one, ends it, since real timers are late and their order is the recording's; else it ends when it is due.
 */
export class Sleepers {
  readonly #stage: Stage
  readonly #sleeping = new Map<string, Sleeper>()
  readonly #late = new Set<Sleeper>()
  readonly #isAtWork: () => boolean
  #meant: ReadonlyArray<Meant> = []

  /** `isAtWork` tells whether a step is being taken, so that no other can be. */
  constructor(stage: Stage, isAtWork: () => boolean) {
    this.#stage = stage
    this.#isAtWork = isAtWork
  }

  /** These commands will be run: the waits that they begin are theirs. */
  expect(commands: ReadonlyArray<Command>): void {
    for (const command of commands) {
      if (command._tag === "StartTimer") {
        const { after_ms, timer } = command
        this.#mean(factKey("TimerFired", timer), after_ms, [`CancelTimer ${timer}`, `StartTimer ${timer}`])
      }
      if (command._tag === "RetryWake") {
        const { failed_attempts, task_id } = command
        this.#mean(factKey("RetryDue", task_id), retryDelay(failed_attempts), ["RetryWake "])
      }
    }
  }

  #mean(key: string, ms: number, calledOffBy: ReadonlyArray<string>): void {
    this.#meant = [...this.#meant.filter((meant) => meant.key !== key), {
      key,
      ms,
      calledOffBy,
      at: this.#stage.timeline.now
    }]
  }

  readonly sleep: Sleep = (ms, wake) => {
    const meant = this.#meant.find((one) => one.ms === ms)
    const { timeline } = this.#stage
    if (meant === undefined) {
      const planned = timeline.after(ms, wake)
      return () => cancel(planned)
    }
    this.#meant = this.#meant.filter((one) => one !== meant)
    const { at, calledOffBy, key } = meant
    // Between the decision and the wait lies a write, of which the recording does not tell how long it took.
    const wrote_ms = timeline.now - at
    const late_ms = wrote_ms + limits.timer_late_ms
    const planned = timeline.after(ms - wrote_ms, () => {
      this.#late.add(sleeper)
      this.settle()
    })
    const sleeper: Sleeper = { key, calledOffBy, due: at + ms, late_ms, planned, wake }
    this.#sleeping.set(key, sleeper)
    return () => {
      cancel(planned)
      this.#late.delete(sleeper)
      if (this.#sleeping.get(key) === sleeper) this.#sleeping.delete(key)
    }
  }

  #fire(sleeper: Sleeper): void {
    if (!this.#stage.hasOutcome([sleeper.key], sleeper.late_ms)) this.#end(sleeper)
  }

  #end(sleeper: Sleeper): void {
    cancel(sleeper.planned)
    this.#late.delete(sleeper)
    this.#sleeping.delete(sleeper.key)
    sleeper.wake()
  }

  /** The waits that ended while a step was being taken, or just before one that calls them off, end after it. */
  settle(): void {
    for (const sleeper of [...this.#late]) {
      if (this.#isAtWork() || this.#isCalledOff(sleeper)) continue
      this.#late.delete(sleeper)
      this.#fire(sleeper)
    }
  }

  /** Whether the recorded one was called off or began anew so soon, or its life ended, that it may not have come to its end. */
  #isCalledOff({ calledOffBy, late_ms }: Sleeper): boolean {
    const { scripted, steady, window } = this.#stage
    if (scripted && window.next !== undefined && window.timeOfEnd <= steady + late_ms) return true
    return this.#stage.decidesWithin(late_ms, (brief) => calledOffBy.some((begin) => brief.startsWith(begin)))
  }

  /** Whether somebody waits for such an end. */
  awaits(fact: LocalFact): boolean {
    return this.#sleeping.has(keyOfFact(fact))
  }

  /** Ends the wait whose end the fact tells; false where there is none that is due. */
  release(fact: LocalFact): boolean {
    const key = keyOfFact(fact)
    const sleeper = this.#sleeping.get(key)
    if (sleeper === undefined || sleeper.due > this.#stage.timeline.now + limits.timer_early_ms) return false
    this.#end(sleeper)
    return true
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const { planned } of this.#sleeping.values()) cancel(planned)
    this.#sleeping.clear()
    this.#late.clear()
    this.#meant = []
  }
}
