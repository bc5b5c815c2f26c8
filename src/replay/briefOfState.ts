import type { Activity, Connection, SidecarState } from "../domain/SidecarState.ts"
import type { Task } from "../domain/Task.ts"

type Words = ReadonlyArray<string | false>

const taskIn = (slot: string, task: Task | null): Words => {
  if (task === null) return []
  const { failure, generation, status, task_id, wake, wake_attempts, woken_at } = task
  return [
    `${slot} ${task_id} g${generation} ${status} attempt ${wake_attempts}`,
    woken_at !== null && "woken",
    wake !== null && (wake.end === null ? "wake" : `wake ${wake.end.how}`),
    failure !== null && (failure.sent_generation === null ? "failure" : `failure sent g${failure.sent_generation}`)
  ]
}

const link = (connection: Connection): Words => {
  const { accept_refused, half_open, in_flight, pending, phase, recovery_answer, refused_types, standing } = connection
  return [
    phase,
    standing,
    in_flight !== null && `${in_flight.limited ? "limited" : "sent"} ${in_flight.kind} ${in_flight.task_id}`,
    ...pending.map(({ kind, task_id }) => `pending ${kind} ${task_id}`),
    ...refused_types.map((type) => `refused ${type}`),
    recovery_answer !== null && `answer ${recovery_answer}`,
    accept_refused && "accept refused",
    half_open && "half-open"
  ]
}

const doing = (activity: Activity): string => {
  if (!("because" in activity)) return activity._tag
  const { because } = activity
  return `${activity._tag} ${typeof because === "string" ? because : because._tag}`
}

/** The state in a few words, the same whenever the sidecar is in it: without times, and without what others wrote. */
export const briefOfState = (
  { agent, connection, disk, draining, leaving, stopping, stored }: SidecarState
): string => {
  const words: Words = [
    ...link(connection),
    ...taskIn("active", stored.active),
    ...taskIn("recovering", stored.recovering),
    doing(agent.activity),
    agent.answer !== null && "answered",
    agent.progress !== null && "progress",
    agent.progress_sent_at !== null && "progress sent",
    agent.seen_off !== null && "seen off",
    ...leaving.map(({ files, task_id }) => `leaving ${task_id} ${files}`),
    ...stopping.map((task_id) => `stopping ${task_id}`),
    draining !== null && `draining ${draining}`,
    disk !== "ok" && `disk ${disk}`
  ]
  return words.filter((word) => word !== false).join(", ")
}
