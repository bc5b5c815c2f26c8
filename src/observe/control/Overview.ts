import { type NotReady, type Readiness, remedyFor } from "../../domain/Readiness.ts"
import { initialState, type Policy, type SidecarState } from "../../domain/SidecarState.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import { type Counters, countStep, noneCounted } from "./counters.ts"
import type { MessagesStatus, Status } from "./protocol.ts"

/** The state of the sidecar as an observer sees it, with times in epoch milliseconds. */
interface Overview {
  readonly state: SidecarState
  readonly phase_since: number
  readonly status_since: number
  readonly last_heard_at: number | null
  readonly counters: Counters
}

export const overviewAtStart = (policy: Policy, now: number): Overview => ({
  state: initialState(policy),
  phase_since: now,
  status_since: now,
  last_heard_at: null,
  counters: noneCounted
})

const stepped = (overview: Overview, step: Step): Overview => {
  const { after, at } = step
  const before = overview.state
  const [was, is] = [before.stored.task, after.stored.task]
  return {
    ...overview,
    state: after,
    phase_since: before.connection.phase === after.connection.phase ? overview.phase_since : at,
    status_since: was?.id === is?.id && was?.status === is?.status ? overview.status_since : at,
    counters: countStep(overview.counters, step)
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

const batchOf = (
  { stored: { messages } }: SidecarState,
  alive: ReadonlyArray<string> | null
): MessagesStatus["batch"] => {
  if (messages === null) return null
  const { id: batch_id, payload: { message_ids }, status, wake_attempts, woken_at } = messages
  return {
    batch_id,
    status,
    messages: message_ids.length,
    wake_attempts,
    woken_at,
    agent_alive: alive && alive.includes(batch_id)
  }
}

const messagesOf = (state: SidecarState, alive: ReadonlyArray<string> | null): MessagesStatus => {
  const { behind, held, held_until } = state.talk
  const { missed_from, outgoing, waiting } = held
  return { waiting, held_until, batch: batchOf(state, alive), outgoing, behind, left_out: missed_from !== null }
}

/** Why no task is taken, with the remedy; null if one is. */
export const shownReadiness = ({ not_ready }: Readiness): (NotReady & { readonly remedy: string }) | null =>
  not_ready && { ...not_ready, remedy: remedyFor(not_ready) }

/** The part of the status that changes. `alive` has the tasks and batches with a living agent, or null if that is unknown. */
export const statusOf = (overview: Overview, alive: ReadonlyArray<string> | null) => {
  const { counters, last_heard_at, phase_since, state } = overview
  return {
    connection: { phase: state.connection.phase, since: phase_since, last_heard_at },
    task: taskOf(overview, alive),
    messages: messagesOf(state, alive),
    owed: owedBy(state),
    leaving: [...state.slots.task.terminating, ...state.slots.messages.terminating].map(({ work_id }) => work_id),
    draining: state.draining !== null,
    disk: state.disk,
    not_ready: shownReadiness(state.readiness),
    counters
  }
}
