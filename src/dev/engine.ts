import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import type { Durable, Hub, Output } from "./hub.ts"
import { start } from "./hub.ts"
import { schedule } from "./queue.ts"
import type { ScaledClock } from "./ScaledClock.ts"
import { fireNext, nextDeadline } from "./sweeps.ts"

/** What is done to the sockets for the books. */
export interface Wire {
  readonly perform: (output: Output, now: number) => void
}

export interface Delays {
  assignDelayMs: number
  pushDelayMs: number
}

/** Runs the books: one event at a time, each settled before the next, timers at their own times. */
export interface Engine {
  readonly act: <A>(event: (hub: Hub, now: number) => A) => A
  readonly hub: () => Hub
  readonly now: () => number
  readonly delays: Delays
  /** Something broke that the hub survives: the log says what. */
  readonly complain: (cause: unknown) => void
  /** The process is gone: its timers stand still until `boot`. */
  readonly halt: () => void
  /** A new process takes up the queue of the old one. */
  readonly boot: () => void
}

const logged = Effect.tapCause((cause) => Effect.logError("the development hub failed", cause))

const hexDigits = 16

const makeWorld = Effect.map(Random.Random, (random) => {
  let last = 0
  return {
    count: () => ++last,
    makeId: () => Array.from({ length: hexDigits }, () => Math.floor(random.nextDoubleUnsafe() * 16).toString(16)).join("")
  }
})

/** Starts the books on `durable`; `changed` is called after every event. */
export const make = (
  durable: Durable,
  clock: ScaledClock,
  delays: Delays,
  wire: Wire,
  changed: () => void
): Effect.Effect<Engine, never, Scope.Scope> =>
  Effect.gen(function*() {
    const world = yield* makeWorld
    const fork = yield* FiberSet.makeRuntime()
    const now = (): number => clock.currentTimeMillisUnsafe()
    let hub = start(durable, world, now())
    let running = true
    let sleepsUntil = Number.POSITIVE_INFINITY
    let wake = Deferred.makeUnsafe<void>()

    const later = (realMs: number, then: () => void): void => {
      fork(logged(Effect.andThen(clock.sleepReal(realMs), Effect.sync(then))))
    }

    const flush = (at: number): void => {
      for (const output of hub.outputs.splice(0)) {
        if (output._tag === "Push" && delays.pushDelayMs > 0) {
          later(delays.pushDelayMs, () => act((_, now) => wire.perform(output, now)))
        } else wire.perform(output, at)
      }
    }

    const settle = (at: number): void => {
      if (hub.scheduleWanted && delays.assignDelayMs === 0) schedule(hub, at)
      else if (hub.scheduleWanted) {
        hub.scheduleWanted = false
        later(delays.assignDelayMs, () => act(schedule))
      }
      flush(at)
    }

    const dueAt = (): number => running ? nextDeadline(hub) : Number.POSITIVE_INFINITY

    const act = <A>(event: (hub: Hub, now: number) => A): A => {
      const time = now()
      for (let due = dueAt(); due <= time; due = dueAt()) {
        fireNext(hub)
        settle(due)
      }
      const answer = event(hub, time)
      settle(time)
      changed()
      // A later deadline needs no waking: the timer looks again when the old one is over.
      if (dueAt() < sleepsUntil) Deferred.doneUnsafe(wake, Effect.void)
      return answer
    }

    yield* Effect.suspend(() => {
      sleepsUntil = dueAt()
      wake = Deferred.makeUnsafe<void>()
      const left = Math.max(0, sleepsUntil - now())
      return Effect.raceFirst(clock.sleep(Duration.millis(left)), Deferred.await(wake))
    }).pipe(
      Effect.andThen(Effect.sync(() => act(() => undefined))),
      Effect.forever,
      logged,
      Effect.forkScoped
    )

    return {
      act,
      hub: () => hub,
      now,
      delays,
      complain: (cause) => {
        fork(Effect.logError("the development hub failed", cause))
      },
      halt: () => {
        running = false
      },
      boot: () => {
        hub = start(hub, world, now())
        running = true
        act(() => undefined)
      }
    }
  })
