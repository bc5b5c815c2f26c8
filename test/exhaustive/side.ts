import type { Agent, AgentPhase, EndCause } from "../../src/domain/agent/AgentSlot.ts"
import { noSlot } from "../../src/domain/agent/AgentSlot.ts"
import type { Command } from "../../src/domain/Command.ts"
import { domainLimits } from "../../src/domain/limits.ts"
import type { Message } from "../../src/domain/Message.ts"
import { noTalk } from "../../src/domain/messages/Talk.ts"
import type { Readiness } from "../../src/domain/Readiness.ts"
import type { Policy, SidecarState, StoredState } from "../../src/domain/SidecarState.ts"
import { initialState } from "../../src/domain/SidecarState.ts"
import { transition } from "../../src/domain/transition.ts"
import type { Task, Wake, WakeEnd, Work } from "../../src/domain/Work.ts"
import type { T } from "./world.ts"
import { indexOf, other, taskIds } from "./world.ts"

/** When a message is handled: every wait since the last step has passed, or none of it. */
export type When = "late" | "early"
export const clock: Record<When, number> = { early: 1, late: 1e12 }

/** The id of the wake of the task that is held; all others are of the past. */
export const currentWake = "current"

/** What the rules make of a message, and what is left of that where it could not be saved. */
export const ask = (known: SidecarState, message: Message, when: When) => {
  // Which timers run is known by the commands, but for the one that the rules ask for; one that fires runs.
  const state = message._tag === "TimerFired"
    ? { ...known, timers: { ...known.timers, [message.timer]: message.due } }
    : known
  return transition(state, message, clock[when])
}

/** What the rules were asked in one state: messages as JSON. */
export interface Questions {
  readonly state: SidecarState
  readonly asked: Readonly<Record<When, ReadonlyArray<string>>>
}

/** What a message makes of a state of the sidecar, by the rules. */
export interface Outcome {
  readonly next: Side
  readonly commands: ReadonlyArray<Command>
  readonly saves: boolean
  readonly newWake: boolean
}

/** A state of the sidecar, the only one of its kind, with what was worked out about it. */
export interface Side {
  readonly id: number
  readonly state: SidecarState
  readonly held: T | null
  readonly generations: readonly [ReadonlyArray<number>, ReadonlyArray<number>]
  readonly outcomes: Readonly<Record<When, Map<string, Outcome>>> // by message
  readonly ranked: Map<string, Side>
  swapped: Side | null
}

/** An end that was not seen is judged as one with 0, and one that was bad as any other that was. */
const plainEnd = (end: WakeEnd): WakeEnd =>
  end.how === "unseen" || end.code === 0
    ? { how: "unseen", code: null, output: "" }
    : { how: "killed", code: null, output: "" }

/** Where a report is owed, nothing is asked of the wake any more. */
const plainWake = ({ status, wake }: Work): Wake | null =>
  wake && { id: currentWake, at: 0, end: wake.end && status !== "reporting" ? plainEnd(wake.end) : null }

/** An agent at work will not be woken again under its generation, so its attempts count no more. */
const plainAttempts = ({ status, wake_attempts }: Work): number =>
  status === "working" || status === "reporting" ? 1 : wake_attempts

type Rename = (task_id: string) => string
type Rank = (task_id: string, generation: number) => number

/** The work without its reasons and times. */
export const plainWork = <W extends Work>(work: W): W => ({
  ...work,
  wake_attempts: plainAttempts(work),
  woken_at: work.woken_at === null ? null : 0,
  wake: plainWake(work),
  failure: work.failure && { ...work.failure, reason: "" }
})

/** The task without what cannot change what follows: texts, times, the content of its assignment. */
const plainTask = (task: Task, rename: Rename, rank: Rank): Task => {
  const { failure, ...plain } = plainWork(task)
  const sent = failure?.sent_generation ?? null
  return {
    ...plain,
    id: rename(task.id),
    generation: rank(task.id, task.generation),
    payload: { description: "", metadata: {}, assigned_at: 0, assignment: {} },
    failure: failure && { ...failure, sent_generation: sent === null ? null : rank(task.id, sent) }
  }
}

/** What is wrong with every answer that cannot be used. */
export const unusable = "unusable"

const plainCause = ({ _tag, reason }: EndCause): EndCause => ({ _tag, reason: reason === unusable ? unusable : "" })

const plainPhase = (phase: AgentPhase): AgentPhase => {
  switch (phase._tag) {
    case "Inspecting":
      return typeof phase.because === "string" ? phase : { _tag: "Inspecting", because: plainCause(phase.because) }
    case "Stopping":
    case "AwaitingAnswer":
      return { _tag: phase._tag, because: plainCause(phase.because) }
    default:
      return phase
  }
}

/** What is known of an agent without its times and reasons. */
export const plainAgent = (agent: Agent, held: Work | null): Agent => ({
  phase: plainPhase(agent.phase),
  gone_wake: held !== null && held.status !== "reporting" && agent.gone_wake !== null &&
      agent.gone_wake === held.wake?.id
    ? currentWake
    : null,
  gave_verdict: agent.gave_verdict,
  wake_lasted_ms: agent.wake_lasted_ms === null
    ? null
    : agent.wake_lasted_ms < domainLimits.short_wake_ms
    ? 0
    : clock.late,
  unwritten_since: agent.unwritten_since === null ? null : 0
})

const plainStored = (stored: StoredState, rename: Rename, rank: Rank): StoredState => ({
  version: 2,
  task: stored.task && plainTask(stored.task, rename, rank),
  recovering: stored.recovering,
  messages: null
})

/** One failure in a row is as good as any other number of them. */
const plainReadiness = ({ failures, link, not_ready, obstacle, paused_by, programs }: Readiness): Readiness => ({
  link,
  obstacle: obstacle && { cause: obstacle.cause, reason: "" },
  programs,
  failures: Math.min(1, failures),
  paused_by: paused_by === null ? null : "",
  not_ready: not_ready && { cause: not_ready.cause, reason: "", since: 0 }
})

const plain = (state: SidecarState, rename: Rename, rank: Rank): SidecarState => {
  const { connection, outbound, slots } = state
  const flight = connection.in_flight
  const held = state.stored.task
  return {
    policy: state.policy,
    timers: state.timers.progress === undefined ? {} : { progress: 0 },
    stored: plainStored(state.stored, rename, rank),
    connection: {
      ...connection,
      pending: connection.pending.map(({ kind, task_id }) => ({ kind, task_id: rename(task_id) })),
      in_flight: flight && {
        kind: flight.kind,
        task_id: flight.task_id && rename(flight.task_id),
        generation: flight.generation === null || flight.task_id === null
          ? null
          : rank(flight.task_id, flight.generation),
        sent_at: 0,
        limited: flight.limited
      },
      refused_frames: connection.refused_frames.toSorted()
    },
    outbound: {
      answer: outbound.answer && { _tag: "Success", result: {}, tokens_used: null },
      progress: outbound.progress && { progress: 1, execution_event: null }
    },
    slots: {
      task: {
        agent: plainAgent(slots.task.agent, held),
        terminating: slots.task.terminating.map(({ files, work_id }) => ({ work_id: rename(work_id), files })),
        stopping: slots.task.stopping.map(rename).toSorted()
      },
      messages: noSlot
    },
    draining: state.draining,
    disk: state.disk,
    readiness: plainReadiness(state.readiness),
    talk: noTalk
  }
}

const same: Rename = (task_id) => task_id
const unranked: Rank = (_, generation) => generation
const swap: Rename = (task_id) => taskIds[other(indexOf(task_id))]

const generationsOf = (state: SidecarState, task: T): ReadonlyArray<number> => {
  const task_id = taskIds[task]
  const { in_flight } = state.connection
  const found: Array<number> = []
  const held = state.stored.task
  if (held !== null && held.id === task_id) {
    found.push(held.generation)
    if (held.failure !== null && held.failure.sent_generation !== null) found.push(held.failure.sent_generation)
  }
  if (in_flight !== null && in_flight.task_id === task_id && in_flight.generation !== null) {
    found.push(in_flight.generation)
  }
  return found
}

/** The states of the sidecar met so far; `transition` is asked once for each state and message. */
export const makeSides = (policy: Policy) => {
  const known = new Map<string, Side>()

  const find = (state: SidecarState): Side => {
    const { policy: _, ...rest } = state
    const key = JSON.stringify(rest)
    const found = known.get(key)
    if (found !== undefined) return found
    const held = state.stored.task
    const side: Side = {
      id: known.size,
      state,
      held: held && indexOf(held.id),
      generations: [generationsOf(state, 0), generationsOf(state, 1)],
      outcomes: { early: new Map(), late: new Map() },
      ranked: new Map(),
      swapped: null
    }
    known.set(key, side)
    return side
  }

  const step = (side: Side, message: Message, when: When): Outcome => {
    const key = JSON.stringify(message)
    const remembered = side.outcomes[when].get(key)
    if (remembered !== undefined) return remembered
    const [after, commands] = ask(side.state, message, when)
    const outcome: Outcome = {
      next: find(plain(after, same, unranked)),
      commands,
      saves: after.stored !== side.state.stored,
      newWake: (after.stored.task?.wake?.id ?? currentWake) !== currentWake
    }
    side.outcomes[when].set(key, outcome)
    return outcome
  }

  /** The same with each generation replaced by its rank. */
  const rank = (side: Side, key: string, ranks: Rank): Side => {
    const remembered = side.ranked.get(key)
    if (remembered !== undefined) return remembered
    const ranked = find(plain(side.state, same, ranks))
    side.ranked.set(key, ranked)
    return ranked
  }

  /** The same with each task called by the other's name. */
  const swapped = (side: Side): Side => side.swapped ??= find(plain(side.state, swap, unranked))

  /** What a life of the daemon that ends now leaves on the disk. */
  const storedOnly = (side: Side): Side => find({ ...initialState(policy), stored: side.state.stored })

  return {
    step,
    rank,
    swapped,
    storedOnly,
    initial: find(initialState(policy)),
    count: () => known.size,
    questions: () =>
      [...known.values()].map(({ outcomes: { early, late }, state }): Questions => ({
        state,
        asked: { early: [...early.keys()], late: [...late.keys()] }
      }))
  }
}
export type Sides = ReturnType<typeof makeSides>
