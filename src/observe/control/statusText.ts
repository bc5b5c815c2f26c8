import * as Duration from "effect/Duration"
import type { StoredState } from "../../domain/SidecarState.ts"
import { printable } from "../../text/terminal.ts"
import { elsewhereText, type Place } from "./ControlFile.ts"
import type { Answer, Status } from "./protocol.ts"

const lasting = (ms: number): string => Duration.format(Duration.seconds(Math.max(0, Math.round(ms / 1000))))

/** A row of the table; none if its text is empty. */
const row = (name: string, text: string): ReadonlyArray<string> => text === "" ? [] : [`${name.padEnd(10)}${text}`]

const connectionText = ({ connection: { last_heard_at, phase, since }, hub_url, now }: Status): string => {
  const heard = last_heard_at === null ? "nothing heard yet" : `last heard ${lasting(now - last_heard_at)} ago`
  return `${hub_url} ${phase} for ${lasting(now - since)}, ${heard}`
}

const lifeText = (agent_alive: boolean | null): string => {
  if (agent_alive === null) return "whether its agent lives is not known, as its processes cannot be read"
  return agent_alive ? "its agent lives" : "no process of its agent lives"
}

type Batch = NonNullable<NonNullable<Status["messages"]>["batch"]>

const taskText = ({ now, task }: Status): string => {
  if (task === null) return "none"
  const { activity, agent_alive, assigned_at, generation, slot, status, status_since, task_id, wake_attempts } = task
  const recovering = slot === "recovering" ? ", the hub has not confirmed yet that it is ours" : ""
  return [
    `${task_id} ${status} for ${lasting(now - status_since)} (given ${lasting(now - assigned_at)} ago`,
    `generation ${generation}`,
    `wakes ${wake_attempts}`,
    `${activity.toLowerCase()})`,
    `${lifeText(agent_alive)}${recovering}`
  ].join(", ")
}

const batchText = ({ agent_alive, batch_id, messages, status, wake_attempts }: Batch): string =>
  `${batch_id} of ${messages} ${status} (wakes ${wake_attempts}, ${lifeText(agent_alive)})`

const messagesText = ({ messages, now }: Status): string => {
  if (messages === undefined) return ""
  const { batch, behind, held_until, left_out, outgoing, waiting } = messages
  const heldBack = held_until !== null && held_until > now
    ? `, held back by the hourly limits for ${lasting(held_until - now)}`
    : ""
  const parts = [
    ...waiting > 0 ? [`${waiting} wait${heldBack}`] : [],
    ...batch === null ? [] : [batchText(batch)],
    ...outgoing > 0 ? [`${outgoing} of ours to be sent`] : [],
    ...behind ? ["the hub may have some that are not read yet"] : [],
    ...left_out ? ["the inbox was full, and what it left out is not read yet"] : []
  ]
  return parts.length === 0 ? "none" : parts.join("; ")
}

const of_messages = "messages_"

/** What happened to messages since the start. */
const countedMessages = ({ counters, messages }: Status): string => {
  if (messages === undefined) return ""
  const count = (name: string) => counters[`${of_messages}${name}`] ?? 0
  const heard = ["waiting", "answered", "kept", "dropped"].reduce((sum, name) => sum + count(`received_${name}`), 0)
  const [answered, delivered, sent] = [count("received_answered"), count("delivered"), count("sent")]
  return heard + sent === 0 ? "" : `heard ${heard}, answered ${answered}, delivered ${delivered}, sent ${sent}`
}

/** Why it takes no task. A task that it holds is finished meanwhile. */
const readyRows = ({ not_ready, now }: Status): ReadonlyArray<string> =>
  not_ready === null ? [] : [
    ...row("not ready", `for ${lasting(now - not_ready.since)}: ${not_ready.reason}`),
    ...row("", `takes no task; to do: ${not_ready.remedy}`)
  ]

/** The status of a running sidecar as text for people. Names its place if it does not run `here`. */
export const statusText = (status: Answer, here: Place): string => {
  const { agent_id, counters, draining, leaving, now, owed, pid, started_at, token_changed, version } = status
  const counted = Object.entries(counters)
    .filter(([name]) => !name.startsWith(of_messages))
    .map(([name, count]) => `${name.replaceAll("_", " ")} ${count}`)
  const up = `up ${lasting(now - started_at)}${draining ? ", draining" : ""}`
  return [
    `agentcom-sidecar ${version}, agent ${agent_id}, pid ${pid}${elsewhereText(status, here)}, ${up}`,
    ...row("hub", connectionText(status)),
    ...row("task", taskText(status)),
    ...row("messages", messagesText(status)),
    ...row("", countedMessages(status)),
    ...row("owed", owed.join(", ")),
    ...row("leaving", leaving.join(", ")),
    ...row(
      "token",
      token_changed ? "config.json holds another token than the one it runs with; restart it to use that" : ""
    ),
    ...readyRows(status),
    ...row("counted", counted.join(", "))
  ].map((line) => `${printable(line)}\n`).join("")
}

const heldText = (stored: StoredState | null): string => {
  if (stored === null) return "whether it holds a task is not known, as its queue.json cannot be read"
  const { messages, task } = stored
  const batch = messages === null ? "" : `, and ${messages.id} of ${messages.payload.message_ids.length} messages`
  if (task === null) return `its queue.json holds no task${batch}`
  const { generation, id, status, wake_attempts } = task
  return `its queue.json holds ${id}, ${status} (generation ${generation}, wakes ${wake_attempts})${batch}`
}

/** The content of the state file as text, for a folder in which no sidecar runs. `stored` is null if it is unknown. */
export const storedText = (folder: string, stored: StoredState | null): string =>
  `${printable(`No sidecar runs in ${folder}; ${heldText(stored)}.`)}\n`
