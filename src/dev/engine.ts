import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberSet from "effect/FiberSet"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as agents from "./agents.ts"
import { close, keepOpen } from "./connections.ts"
import { type Durable, type Hub, type Job, type Output, start } from "./hub.ts"
import { limits } from "./limits.ts"
import { bury, reclaim, schedule } from "./queue.ts"
import type { ScaledClock } from "./ScaledClock.ts"
import * as tasks from "./tasks.ts"

type Event<A> = (hub: Hub, now: number) => A

interface Deadline {
  readonly at: number
  readonly fire: Event<void>
}

const acceptanceTimeout = (agentId: string, taskId: string): Event<void> => (hub, now) => {
  // The timer does not check who has the task by now.
  reclaim(hub, taskId, now, "agent_disconnect")
  const agent = hub.agents.get(agentId)
  if (agent !== undefined) hub.agents.set(agentId, agents.timedOut(agent, hub.count()))
}

const sweepAssignments: Event<void> = (hub, now) => {
  hub.next.assignmentSweep += limits.assignmentSweepMs
  for (const task of [...hub.tasks.values()]) {
    if (tasks.isOverdue(task, now)) reclaim(hub, task.id, now, "overdue")
    const works = task.assigned_to !== null && hub.agents.get(task.assigned_to)?.phase === "working"
    if (tasks.isStale(task, works, now)) reclaim(hub, task.id, now, "agent_disconnect")
  }
}

const sweepTtl: Event<void> = (hub, now) => {
  hub.next.ttlSweep += limits.ttlSweepMs
  for (const task of [...hub.tasks.values()]) if (tasks.isPastTtl(task, now)) bury(hub, tasks.expired(task, now))
}

const doJob = (job: Job): Event<void> => (hub, now) => {
  hub.jobs.delete(job)
  job.run(now)
}

const closeIdle = (socket: number): Event<void> => (hub, now) => close(hub, socket, 1002, "", now)

const deadlines = (hub: Hub): ReadonlyArray<Deadline> => [
  { at: hub.next.assignmentSweep, fire: sweepAssignments },
  { at: hub.next.ttlSweep, fire: sweepTtl },
  ...[...hub.agents.values()].flatMap(({ agentId, taskId, acceptBy }) =>
    acceptBy === undefined || taskId === undefined
      ? []
      : [{ at: acceptBy, fire: acceptanceTimeout(agentId, taskId) }]
  ),
  ...[...hub.sockets.values()].map(({ id, lastActive }) => ({
    at: lastActive + limits.idleSocketMs,
    fire: closeIdle(id)
  })),
  ...[...hub.jobs].map((job) => ({ at: job.at, fire: doJob(job) }))
]

const earliest = (hub: Hub): Deadline => deadlines(hub).reduce((first, one) => one.at < first.at ? one : first)

/** When the hub next does something by itself, in virtual epoch ms. */
export const nextDeadline = (hub: Hub): number => earliest(hub).at

/** Does the one thing that is due next, at its own time. */
export const fireNext = (hub: Hub): void => {
  const { at, fire } = earliest(hub)
  fire(hub, at)
}

/** Does to the sockets what the hub wants done. */
type Perform = (output: Output, now: number) => void

interface Delays {
  assignDelayMs: number
  pushDelayMs: number
}

/** Runs the hub: one event at a time, each settled before the next, timers at their own times. */
export interface Engine {
  readonly act: <A>(event: Event<A>) => A
  readonly hub: () => Hub
  readonly now: () => number
  /** Logs a failure that does not end the hub. */
  readonly complain: (cause: unknown) => void
  /** Forgets all but the durable data, and stops the timers until `boot`. */
  readonly halt: () => void
  /** Starts again from the durable data. */
  readonly boot: () => void
}

const failure = "the development hub failed"
const logged = Effect.tapCause((cause) => Effect.logError(failure, cause))

const hexDigits = 16

const makeWorld = (messageCostMs: number) =>
  Effect.map(Random.Random, (random) => {
    let last = 0
    return {
      messageCostMs,
      count: () => ++last,
      makeId: () =>
        Array.from({ length: hexDigits }, () => Math.floor(random.nextDoubleUnsafe() * 16).toString(16)).join("")
    }
  })

/** Calls `tick` whenever something is due. `look` has to be called when that may have become earlier. */
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
    // A later deadline does not wake the timer: it looks again when the old deadline is over.
    const look = (): void => {
      if (dueAt() < sleepsUntil) Deferred.doneUnsafe(wake, Effect.void)
    }
    return look
  })

/** Does what an event has caused, at once or after the delays that a test asked for. */
const makeSettling = (delays: Delays, perform: Perform, later: (realMs: number, event: Event<void>) => void) => {
  let lastTrigger = 0
  const match = (hub: Hub, at: number): void => {
    hub.scheduleWanted = false
    if (delays.assignDelayMs === 0) {
      schedule(hub, at)
      return
    }
    const trigger = ++lastTrigger
    // The delay counts from the latest trigger: an older one must not cut it short.
    later(delays.assignDelayMs, (records, now) => trigger === lastTrigger ? schedule(records, now) : undefined)
  }
  return (hub: Hub, at: number): void => {
    if (hub.scheduleWanted) match(hub, at)
    for (const output of hub.outputs.splice(0)) {
      keepOpen(hub, output, at)
      if (output._tag === "Push" && delays.pushDelayMs > 0) {
        later(delays.pushDelayMs, (_, now) => perform(output, now))
      } else perform(output, at)
    }
  }
}

/** Starts the hub on `durable`. Calls `changed` after every event. */
export const make = (
  durable: Durable,
  clock: ScaledClock,
  delays: Delays,
  messageCostMs: number,
  perform: Perform,
  changed: () => void
): Effect.Effect<Engine, never, Scope.Scope> =>
  Effect.gen(function*() {
    const world = yield* makeWorld(messageCostMs)
    const fork = yield* FiberSet.makeRuntime()
    const now = (): number => clock.currentTimeMillisUnsafe()
    let hub = start(durable, world, now())
    let running = true
    const dueAt = (): number => running ? nextDeadline(hub) : Number.POSITIVE_INFINITY
    const settle = makeSettling(delays, perform, (realMs, event) => {
      fork(logged(Effect.andThen(clock.sleepReal(realMs), Effect.sync(() => act(event)))))
    })
    const act = <A>(event: Event<A>): A => {
      const at = now()
      for (let due = dueAt(); due <= at; due = dueAt()) {
        fireNext(hub)
        settle(hub, due)
      }
      const answer = event(hub, at)
      settle(hub, at)
      changed()
      look()
      return answer
    }
    const tick = (): void => act(() => undefined)
    const look = yield* makeTimer(clock, dueAt, tick)
    const restart = (runs: boolean): void => {
      hub = start(hub, world, now())
      running = runs
      tick()
    }
    return {
      act,
      hub: () => hub,
      now,
      complain: (cause) => void fork(Effect.logError(failure, cause)),
      halt: () => restart(false),
      boot: () => restart(true)
    }
  })
