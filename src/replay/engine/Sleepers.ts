import type { Command } from "../../domain/Command.ts"
import { limits as ours } from "../../limits.ts"
import { limits } from "../limits.ts"
import type { LocalFact } from "../LocalFact.ts"
import { cancel, type Planned } from "../virtual/Timeline.ts"
import type { Sleep } from "../virtual/VirtualMachine.ts"
import type { Stage } from "./Stage.ts"
import { factKey, keyOfFact } from "./Window.ts"

interface Sleeper {
  readonly due: number // by the timeline, in milliseconds
  readonly planned: Planned
  readonly wake: () => void
}

interface Meant {
  readonly key: string
  readonly ms: number
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
  #meant: ReadonlyArray<Meant> = []

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** These commands will be run: the waits that they begin are theirs. */
  expect(commands: ReadonlyArray<Command>): void {
    for (const command of commands) {
      if (command._tag === "StartTimer") this.#mean(factKey("TimerFired", command.timer), command.after_ms)
      if (command._tag === "RetryWake") {
        this.#mean(factKey("RetryDue", command.task_id), retryDelay(command.failed_attempts))
      }
    }
  }

  #mean(key: string, ms: number): void {
    this.#meant = [...this.#meant.filter((meant) => meant.key !== key), { key, ms }]
  }

  readonly sleep: Sleep = (ms, wake) => {
    const meant = this.#meant.find((one) => one.ms === ms)
    const { timeline } = this.#stage
    if (meant === undefined) {
      const planned = timeline.after(ms, wake)
      return () => cancel(planned)
    }
    this.#meant = this.#meant.filter((one) => one !== meant)
    const { key } = meant
    const planned = timeline.after(ms, () => {
      if (!this.#stage.hasOutcome([key], limits.timer_late_ms)) this.#end(key, sleeper)
    })
    const sleeper: Sleeper = { due: timeline.now + ms, planned, wake }
    this.#sleeping.set(key, sleeper)
    return () => {
      cancel(planned)
      if (this.#sleeping.get(key) === sleeper) this.#sleeping.delete(key)
    }
  }

  #end(key: string, { planned, wake }: Sleeper): void {
    cancel(planned)
    this.#sleeping.delete(key)
    wake()
  }

  /** Ends the wait whose end the fact tells; false where there is none that is due. */
  release(fact: LocalFact): boolean {
    const key = keyOfFact(fact)
    const sleeper = this.#sleeping.get(key)
    if (sleeper === undefined || sleeper.due > this.#stage.timeline.now + limits.timer_early_ms) return false
    this.#end(key, sleeper)
    return true
  }

  /** Nobody waits any more. */
  clear(): void {
    for (const { planned } of this.#sleeping.values()) cancel(planned)
    this.#sleeping.clear()
    this.#meant = []
  }
}
