import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { initialState, type Policy, type SidecarState } from "../../domain/SidecarState.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import type { Status } from "./protocol.ts"
import { shownReadiness } from "./shownReadiness.ts"

/** What is counted since the start of the sidecar. */
export const counterNames = [
  "connections",
  "tasks_received",
  "tasks_refused",
  "tasks_completed",
  "tasks_failed",
  "reports_refused",
  "wakes",
  "wakes_failed",
  "saves_failed"
] as const
type Counter = typeof counterNames[number]

const counterOf = (event: LifecycleEvent): Counter | undefined => {
  switch (event.event) {
    case "task_received":
      return event.again ? undefined : "tasks_received"
    case "task_refused":
      return "tasks_refused"
    case "report_acknowledged":
      return event.status === "complete" ? "tasks_completed" : "tasks_failed"
    case "report_refused":
      return "reports_refused"
    case "wake_attempt":
      return "wakes"
    case "wake_failed":
      return "wakes_failed"
    case "state_unsaved":
      return "saves_failed"
    default:
      return undefined
  }
}

/** Counted from what a step has led to, once each. */
const countersOf = ({ commands, message }: Step): ReadonlyArray<Counter> => {
  const logged = commands.flatMap((command) => command._tag === "Log" ? [counterOf(command.event)] : [])
  return [...logged, message._tag === "Connected" ? "connections" as const : undefined]
    .filter((counter) => counter !== undefined)
}

/** What the sidecar is at, as an observer sees it. */
export interface Overview {
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
  counters: {
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
})

const stepped = (overview: Overview, step: Step): Overview => {
  const { after, at } = step
  const before = overview.state
  const counters = { ...overview.counters }
  for (const counter of countersOf(step)) counters[counter] += 1
  const [was, is] = [before.stored.task, after.stored.task]
  return {
    ...overview,
    state: after,
    phase_since: before.connection.phase === after.connection.phase ? overview.phase_since : at,
    status_since: was?.id === is?.id && was?.status === is?.status ? overview.status_since : at,
    counters
  }
}

/** What an event changes in it; `now` is in epoch milliseconds. */
export const see = (overview: Overview, event: ActorEvent, now: number): Overview => {
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

/** The overview in words for operators; `alive` are the tasks that have a living agent, or null where nobody knows. */
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
