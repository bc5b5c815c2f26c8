import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import { counterNames } from "../control/counters.ts"
import type { Status } from "../control/protocol.ts"
import type { Health } from "./health.ts"

const prefix = "agentcom_sidecar_"

const seconds = (ms: number): number => ms / 1_000

const one = (is: boolean): number => is ? 1 : 0

/** The gauges. None has a task's name as a label, because each name would be a series of its own for ever. */
const gauges: ReadonlyArray<
  readonly [name: string, description: string, value: (status: Status, health: Health) => number]
> = [
  ["start_time_seconds", "When it started, in Unix time", ({ started_at }) => seconds(started_at)],
  [
    "healthy",
    "1 if the hub was heard within two heartbeats and a task can be taken or is held",
    (_, { healthy }) => one(healthy)
  ],
  [
    "identified",
    "1 if the hub has identified this connection as the agent's",
    ({ connection }) => one(connection.phase === "identified")
  ],
  [
    "last_heard_timestamp_seconds",
    "When the hub was last heard, in Unix time; 0 for never",
    ({ connection }) => seconds(connection.last_heard_at ?? 0)
  ],
  ["task_held", "1 if it holds a task", ({ task }) => one(task !== null)],
  [
    "task_age_seconds",
    "How long ago the task was given; 0 without one",
    ({ now, task }) => task === null ? 0 : Math.max(0, seconds(now - task.assigned_at))
  ],
  [
    "task_wakes",
    "How many times the agent was woken for the task; 0 without one",
    ({ task }) => task?.wake_attempts ?? 0
  ],
  ["agent_alive", "1 if the task has a living agent process", ({ task }) => one(task?.agent_alive === true)],
  ["messages_waiting", "Messages that the agent is to be woken with", ({ messages }) => messages?.waiting ?? 0],
  ["messages_outgoing", "Messages of ours that the hub does not have yet", ({ messages }) => messages?.outgoing ?? 0],
  [
    "messages_behind",
    "1 if the hub has messages that are not read yet",
    ({ messages }) => one(messages?.behind === true)
  ],
  ["owed_frames", "Frames that the hub has not answered, or that wait to be sent", ({ owed }) => owed.length],
  ["leaving_agents", "Agents that are being stopped because their task is over", ({ leaving }) => leaving.length],
  ["draining", "1 if it takes no more tasks", ({ draining }) => one(draining)],
  ["ready", "1 if it takes a task", ({ not_ready }) => one(not_ready === null)],
  ["disk_ok", "1 if its state can be written", ({ disk }) => one(disk === "ok")],
  ["resident_memory_bytes", "Its memory", () => process.memoryUsage.rss()]
]

const info = (status: Status) =>
  Metric.gauge(`${prefix}info`, {
    description: "What runs here",
    attributes: { version: status.version, agent_id: status.agent_id }
  })

/** What became of a message is a label: of these there are few. */
const counterOf = (name: string) => {
  const [, metric = name, outcome] = /^(messages_received)_(.+)$/.exec(name) ?? []
  return Metric.counter(`${prefix}${metric}_total`, {
    description: `${metric.replaceAll("_", " ")} since the start`,
    incremental: true,
    ...outcome === undefined ? {} : { attributes: { outcome } }
  })
}

/** The sidecar's metrics: a function that sets them from a status. It never fails. */
export const makeInstruments = () => {
  const set = gauges.map(([name, description, value]) => {
    const gauge = Metric.gauge(`${prefix}${name}`, { description })
    return (status: Status, health: Health) => Metric.update(gauge, value(status, health))
  })
  const count = counterNames.map((name) => {
    const counter = counterOf(name)
    let counted = 0
    return ({ counters }: Status) =>
      Effect.suspend(() => {
        const more = (counters[name] ?? 0) - counted
        counted += more
        return Metric.update(counter, more)
      })
  })
  return (status: Status, health: Health): Effect.Effect<void> =>
    Effect.all([
      Metric.update(info(status), 1),
      ...set.map((update) => update(status, health)),
      ...count.map((update) => update(status))
    ], { discard: true })
}
