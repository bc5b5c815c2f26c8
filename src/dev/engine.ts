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
    makeId: () =>
      Array.from({ length: hexDigits }, () => Math.floor(random.nextDoubleUnsafe() * 16).toString(16)).join("")
  }
})

/** Calls `tick` whenever something is due; `look` has to be called when that may have become earlier. */
const makeTimer = (clock: ScaledClock, dueAt: () => number, tick: () => void) =>
  Effect.gen(function*() {
    let sleepsUntil = Number.POSITIVE_INFINITY
    let wake = Deferred.makeUnsafe<void>()
    const untilDue = Effect.suspend(() => {
      sleepsUntil = dueAt()
      wake = Deferred.makeUnsafe<void>()
      const left = Math.max(0, sleepsUntil - clock.currentTimeMillisUnsafe())
      return Effect.raceFirst(clock.sleep(Duration.millis(left)), Deferred.await(wake))
    })
    yield* untilDue.pipe(Effect.andThen(Effect.sync(tick)), Effect.forever, logged, Effect.forkScoped)
    // A later deadline needs no waking: the timer looks again when the old one is over.
    const look = (): void => {
      if (dueAt() < sleepsUntil) Deferred.doneUnsafe(wake, Effect.void)
    }
    return look
  })

/** Does what the books want done, at once or after the delays that a test has asked for. */
const makeSettling = (
  delays: Delays,
  wire: Wire,
  later: (realMs: number, event: (hub: Hub, now: number) => void) => void
) => {
  let lastTrigger = 0
  const match = (hub: Hub, at: number): void => {
    hub.scheduleWanted = false
    if (delays.assignDelayMs === 0) {
      schedule(hub, at)
      return
    }
    const trigger = ++lastTrigger
    // The delay counts from the latest reason to look, or an older one would cut it short.
    later(delays.assignDelayMs, (books, now) => trigger === lastTrigger ? schedule(books, now) : undefined)
  }
  return (hub: Hub, at: number): void => {
    if (hub.scheduleWanted) match(hub, at)
    for (const output of hub.outputs.splice(0)) {
      if (output._tag === "Push" && delays.pushDelayMs > 0) {
        later(delays.pushDelayMs, (_, now) => wire.perform(output, now))
      } else wire.perform(output, at)
    }
  }
}

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
    const time = (): number => clock.currentTimeMillisUnsafe()
    let hub = start(durable, world, time())
    let running = true
    const dueAt = (): number => running ? nextDeadline(hub) : Number.POSITIVE_INFINITY
    const settle = makeSettling(delays, wire, (realMs, event) => {
      fork(logged(Effect.andThen(clock.sleepReal(realMs), Effect.sync(() => act(event)))))
    })
    const act = <A>(event: (hub: Hub, now: number) => A): A => {
      const now = time()
      for (let due = dueAt(); due <= now; due = dueAt()) {
        fireNext(hub)
        settle(hub, due)
      }
      const answer = event(hub, now)
      settle(hub, now)
      changed()
      look()
      return answer
    }
    const tick = (): void => act(() => undefined)
    const look = yield* makeTimer(clock, dueAt, tick)
    const reboot = (runs: boolean) => (): void => {
      hub = start(hub, world, time())
      running = runs
      tick()
    }
    return {
      act,
      hub: () => hub,
      now: time,
      complain: (cause) => {
        fork(Effect.logError("the development hub failed", cause))
      },
      halt: reboot(false),
      boot: reboot(true)
    }
  })
