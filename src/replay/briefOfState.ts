import type { AgentPhase, Slot } from "../domain/agent/AgentSlot.ts"
import type { Connection, SidecarState } from "../domain/SidecarState.ts"
import type { Work } from "../domain/Work.ts"

type Words = ReadonlyArray<string | false>

const workWords = (work: Work | null): Words => {
  if (work === null) return []
  const { failure, generation, id, status, wake, wake_attempts, woken_at } = work
  return [
    `${id} g${generation} ${status} attempt ${wake_attempts}`,
    woken_at !== null && "woken",
    wake !== null && (wake.end === null ? "wake" : `wake ${wake.end.how}`),
    failure !== null && (failure.sent_generation === null ? "failure" : `failure sent g${failure.sent_generation}`)
  ]
}

const connectionWords = (connection: Connection): Words => {
  const { accept_refused, half_open, in_flight, ownership, pending, phase, recovery_answer, refused_types } = connection
  return [
    phase,
    ownership,
    in_flight !== null && `${in_flight.limited ? "limited" : "sent"} ${in_flight.kind} ${in_flight.task_id}`,
    ...pending.map(({ kind, task_id }) => `pending ${kind} ${task_id}`),
    ...refused_types.map((type) => `refused ${type}`),
    recovery_answer !== null && `answer ${recovery_answer}`,
    accept_refused && "accept refused",
    half_open && "half-open"
  ]
}

const phaseWord = (phase: AgentPhase): string => {
  if (!("because" in phase)) return phase._tag
  const { because } = phase
  return `${phase._tag} ${typeof because === "string" ? because : because._tag}`
}

const slotWords = ({ agent, stopping, terminating }: Slot): Words => [
  agent.phase._tag !== "Idle" && phaseWord(agent.phase),
  agent.gone_wake !== null && "gone",
  ...terminating.map(({ files, work_id }) => `terminating ${work_id} ${files}`),
  ...stopping.map((work_id) => `stopping ${work_id}`)
]

/** The state in a few words, the same whenever the sidecar is in it: without times, and without what others wrote. */
export const briefOfState = (
  { connection, disk, draining, outbound, slots, stored: { messages, recovering, task } }: SidecarState
): string => {
  const words: Words = [
    ...connectionWords(connection),
    recovering && "recovering",
    ...workWords(task),
    ...slotWords(slots.task),
    outbound.answer !== null && "answered",
    outbound.progress !== null && "progress",
    ...workWords(messages),
    ...slotWords(slots.messages),
    draining !== null && `draining ${draining}`,
    disk !== "ok" && `disk ${disk}`
  ]
  return words.filter((word) => word !== false).join(", ")
}
