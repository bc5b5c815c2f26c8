import * as Struct from "effect/Struct"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { type NotReady, type Readiness, remedyFor } from "../../domain/Readiness.ts"
import { initialState, type Policy, type SidecarState } from "../../domain/SidecarState.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import type { Status } from "./protocol.ts"

/** The counters at the start of the sidecar. */
const noneCounted = {
  connections: 0,
  tasks_received: 0,
  tasks_refused: 0,
  tasks_completed: 0,
  tasks_failed: 0,
  reports_refused: 0,
  wakes: 0,
  wakes_failed: 0,
  saves_failed: 0
}
type Counter = keyof typeof noneCounted
export const counterNames = Struct.keys(noneCounted)

const counterOf: { readonly [name in LifecycleEvent["event"]]?: Counter } = {
  task_refused: "tasks_refused",
  report_refused: "reports_refused",
  wake_attempt: "wakes",
  wake_failed: "wakes_failed",
  state_unsaved: "saves_failed"
}

/** The counter that a logged event raises. */
const counted = (event: LifecycleEvent): Counter | undefined => {
  if (event.event === "task_received") return event.again ? undefined : "tasks_received"
  if (event.event === "report_acknowledged") return event.status === "complete" ? "tasks_completed" : "tasks_failed"
  return counterOf[event.event]
}

/** The state of the sidecar as an observer sees it, with times in epoch milliseconds. */
interface Overview {
  readonly state: SidecarState
  readonly phase_since: number
  readonly status_since: number
  readonly last_heard_at: number | null
  readonly counters: Readonly<Record<Counter, number>>
}

export const overviewAtStart = (policy: Policy, now: number): Overview => ({
  state: initialState(policy),
  phase_since: now,
  status_since: now,
  last_heard_at: null,
  counters: noneCounted
})

const stepped = (overview: Overview, { after, at, commands, message }: Step): Overview => {
  const before = overview.state
  const counters = { ...overview.counters }
  if (message._tag === "Connected") counters.connections += 1
  for (const command of commands) {
    const counter = command._tag === "Log" ? counted(command.event) : undefined
    if (counter !== undefined) counters[counter] += 1
  }
  const [was, is] = [before.stored.task, after.stored.task]
  return {
    ...overview,
    state: after,
    phase_since: before.connection.phase === after.connection.phase ? overview.phase_since : at,
    status_since: was?.id === is?.id && was?.status === is?.status ? overview.status_since : at,
    counters
  }
}

/** The overview after an event. `now` is in epoch milliseconds. */
export const nextOverview = (overview: Overview, event: ActorEvent, now: number): Overview => {
  switch (event._tag) {
    case "Stepped":
      return stepped(overview, event.step)
    case "FrameIn":
    case "BinaryIn":
      return { ...overview, last_heard_at: now }
    default:
      return overview
  }
}

const owedBy = ({ connection: { in_flight, pending }, outbound, stored: { recovering, task } }: SidecarState) => [
  ...(in_flight === null ? [] : [in_flight.kind]),
  ...pending.map(({ kind }) => kind),
  ...(in_flight?.kind !== "report" &&
      (outbound.answer !== null || (!recovering && task !== null && task.failure !== null))
    ? ["report"]
    : [])
]

const taskOf = ({ state, status_since }: Overview, alive: ReadonlyArray<string> | null): Status["task"] => {
  const { recovering, task } = state.stored
  if (task === null) return null
  const { generation, id: task_id, payload: { assigned_at }, status, wake_attempts, woken_at } = task
  return {
    task_id,
    status,
    slot: recovering ? "recovering" : "active",
    generation,
    assigned_at,
    status_since,
    wake_attempts,
    woken_at,
    activity: state.slots.task.agent.phase._tag,
    agent_alive: alive && alive.includes(task_id)
  }
}

/** Why no task is taken, with the remedy; null if one is. */
export const shownReadiness = ({ not_ready }: Readiness): (NotReady & { readonly remedy: string }) | null =>
  not_ready && { ...not_ready, remedy: remedyFor(not_ready) }

/** The part of the status that changes. `alive` has the tasks with a living agent, or null if that is unknown. */
export const statusOf = (overview: Overview, alive: ReadonlyArray<string> | null) => {
  const { counters, last_heard_at, phase_since, state } = overview
  return {
    connection: { phase: state.connection.phase, since: phase_since, last_heard_at },
    task: taskOf(overview, alive),
    owed: owedBy(state),
    leaving: [...state.slots.task.terminating, ...state.slots.messages.terminating].map(({ work_id }) => work_id),
    draining: state.draining !== null,
    disk: state.disk,
    not_ready: shownReadiness(state.readiness),
    counters
  }
}
