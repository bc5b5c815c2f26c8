import type { TimerName } from "../../domain/SidecarState.ts"

export interface Scheduled {
  readonly at: number
  readonly run: () => void
}

/** The time of a replay in milliseconds since its beginning, and what is scheduled in it. */
export class Scheduler {
  now = 0
  readonly #scheduled: Array<Scheduled> = []

  after(ms: number, run: () => void): Scheduled {
    const scheduled: Scheduled = { at: this.now + Math.max(0, ms), run }
    const index = this.#scheduled.findLastIndex(({ at }) => at <= scheduled.at)
    this.#scheduled.splice(index + 1, 0, scheduled)
    return scheduled
  }

  cancel(scheduled: Scheduled | null | undefined): void {
    const index = this.#scheduled.findIndex((one) => one === scheduled)
    if (index >= 0) this.#scheduled.splice(index, 1)
  }

  /** Lets time pass, and runs in order what becomes due. */
  advance(ms: number): void {
    const until = this.now + ms
    for (let next = this.#scheduled[0]; next !== undefined && next.at <= until; next = this.#scheduled[0]) {
      this.#scheduled.shift()
      this.now = next.at
      next.run()
    }
    this.now = Math.max(this.now, until)
  }
}

type Name = TimerName | "retry"

/** The timers of one life by name. Starting a running timer restarts it. */
export class Timers {
  readonly #scheduler: Scheduler
  readonly #running = new Map<Name, Scheduled>()

  constructor(scheduler: Scheduler) {
    this.#scheduler = scheduler
  }

  start(timer: Name, ms: number, fire: () => void): void {
    this.cancel(timer)
    this.#running.set(timer, this.#scheduler.after(ms, fire))
  }

  cancel(timer: Name): void {
    this.#scheduler.cancel(this.#running.get(timer))
  }

  cancelAll(): void {
    for (const timer of this.#running.keys()) this.cancel(timer)
    this.#running.clear()
  }
}
