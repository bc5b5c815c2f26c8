import type * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scheduler from "effect/Scheduler"
import { cancel, type Planned, type Timeline } from "./Timeline.ts"

const ops_before_yield = 2_048
const nanos = 1_000_000n

/** Calls `wake` when that many milliseconds have passed; what it returns calls that off. */
export type Sleep = (ms: number, wake: () => void) => () => void

/**
 * What one life of the daemon's process runs on: a scheduler that runs when it is told to, and a clock in virtual time.
 * Killed, nothing of it runs any more.
 */
export class VirtualMachine {
  alive = true
  readonly scheduler: Scheduler.Scheduler
  readonly clock: Clock.Clock
  readonly #timeline: Timeline
  #tasks: Array<() => void> = []

  /** `wall` tells epoch milliseconds. Sleepers wake on the timeline where `sleep` does not say otherwise. */
  constructor(timeline: Timeline, wall: () => number, sleep?: Sleep) {
    this.#timeline = timeline
    const dispatcher: Scheduler.SchedulerDispatcher = {
      scheduleTask: (task) => {
        this.#tasks.push(task)
      },
      flush: () => this.drain()
    }
    this.scheduler = {
      executionMode: "async",
      shouldYield: (fiber) => fiber.currentOpCount >= ops_before_yield,
      makeDispatcher: () => dispatcher
    }
    const sleeping: Sleep = sleep ?? ((ms, wake) => {
      const planned = this.later(ms, wake)
      return () => cancel(planned)
    })
    const monotonic = () => BigInt(Math.floor(timeline.now)) * nanos
    this.clock = {
      currentTimeMillisUnsafe: wall,
      currentTimeMillis: Effect.sync(wall),
      currentTimeNanosUnsafe: () => BigInt(Math.floor(wall())) * nanos,
      currentTimeNanos: Effect.sync(() => BigInt(Math.floor(wall())) * nanos),
      monotonicTimeNanosUnsafe: monotonic,
      monotonicTimeNanos: Effect.sync(monotonic),
      sleep: (duration) =>
        Effect.callback<void>((resume) => {
          const callOff = sleeping(Duration.toMillis(duration), () => resume(Effect.void))
          return Effect.sync(callOff)
        })
    }
  }

  /** Runs what can run, without time passing. */
  drain(): void {
    while (this.#tasks.length > 0 && this.alive) {
      const tasks = this.#tasks
      this.#tasks = []
      for (let index = 0; index < tasks.length && this.alive; index++) tasks[index]?.()
    }
  }

  /** What happens to this life later, if it is still alive then. */
  later(delay: number, run: () => void): Planned {
    return this.#timeline.after(delay, () => {
      if (this.alive) run()
    })
  }

  kill(): void {
    this.alive = false
    this.#tasks = []
  }
}
