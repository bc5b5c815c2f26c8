import * as Duration from "effect/Duration"
import type { StoredState } from "../../domain/SidecarState.ts"
import { printable } from "../../text/readable.ts"
import { elsewhereText, type Place } from "./place.ts"
import type { Answer, Status } from "./protocol.ts"

const lasting = (ms: number): string => Duration.format(Duration.seconds(Math.max(0, Math.round(ms / 1000))))

const row = (name: string, text: string): string => `${name.padEnd(10)}${text}`

const connectionText = ({ connection: { last_heard_at, phase, since }, hub_url, now }: Status): string => {
  const heard = last_heard_at === null ? "nothing heard yet" : `last heard ${lasting(now - last_heard_at)} ago`
  return `${hub_url} ${phase} for ${lasting(now - since)}, ${heard}`
}

const lifeText = (agent_alive: boolean | null): string => {
  if (agent_alive === null) return "whether its agent lives is not known, as its processes cannot be read"
  return agent_alive ? "its agent lives" : "no process of its agent lives"
}

const taskText = ({ now, task }: Status): string => {
  if (task === null) return "none"
  const { activity, agent_alive, assigned_at, generation, slot, status, status_since, task_id, wake_attempts } = task
  const recovering = slot === "recovering" ? ", the hub has not confirmed yet that it is ours" : ""
  return `${task_id} ${status} for ${lasting(now - status_since)} (given ${
    lasting(now - assigned_at)
  } ago, generation ` +
    `${generation}, wakes ${wake_attempts}, ${activity.toLowerCase()}), ` +
    `${lifeText(agent_alive)}${recovering}`
}

/** What it does meanwhile is finish the task it holds. */
const readyRows = ({ not_ready, now }: Status): ReadonlyArray<string> =>
  not_ready === null ? [] : [
    row("not ready", `for ${lasting(now - not_ready.since)}: ${not_ready.reason}`),
    row("", `takes no task; to do: ${not_ready.remedy}`)
  ]

const shown = (name: string): string => name.replaceAll("_", " ")

/** What a running sidecar says, for people who are `here`. */
export const statusText = (status: Answer, here: Place): string =>
  [
    `agentcom-sidecar ${status.version}, agent ${status.agent_id}, pid ${status.pid}${
      elsewhereText(status, here)
    }, up ` +
    `${lasting(status.now - status.started_at)}${status.draining ? ", draining" : ""}`,
    row("hub", connectionText(status)),
    row("task", taskText(status)),
    ...(status.owed.length === 0 ? [] : [row("owed", status.owed.join(", "))]),
    ...(status.leaving.length === 0 ? [] : [row("leaving", status.leaving.join(", "))]),
    ...(status.token_changed
      ? [row("token", "config.json holds another token than the one it runs with; restart it to use that")]
      : []),
    ...readyRows(status),
    row("counted", Object.entries(status.counters).map(([name, count]) => `${shown(name)} ${count}`).join(", "))
  ].map((line) => `${printable(line)}\n`).join("")

const heldText = ({ task }: StoredState): string =>
  task === null
    ? "its queue.json holds no task"
    : `its queue.json holds ${task.id}, ${task.status} (generation ${task.generation}, wakes ${task.wake_attempts})`

/** What the state file says, where no sidecar runs; null where that is not known. */
export const storedText = (folder: string, stored: StoredState | null): string => {
  const held = stored === null
    ? "whether it holds a task is not known, as its queue.json cannot be read"
    : heldText(stored)
  return `${printable(`No sidecar runs in ${folder}; ${held}.`)}\n`
}
