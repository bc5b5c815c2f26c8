import type { LocalFact } from "../../domain/Message.ts"
import type { Picture, ReplayEvent } from "../ReplayEvent.ts"
import { plain } from "../words.ts"
import type { Bar, Look, Row, Stay } from "./Drawing.ts"

const connectionLook: Readonly<Record<Picture["connection"], Look>> = {
  down: "rose",
  connected: "grey",
  identified: "slate"
}

const statusLook: Readonly<Record<NonNullable<Picture["status"]>, Look>> = {
  accepted: "sky",
  waking: "sand",
  confirming: "sand",
  working: "teal",
  reporting: "violet"
}

const phaseLook: Readonly<Record<Picture["agent_phase"], Look>> = {
  Idle: "grey",
  Inspecting: "grey",
  AwaitingExit: "grey",
  Spawning: "sand",
  Running: "teal",
  Stopping: "rose",
  AwaitingRetry: "rose",
  AwaitingAnswer: "violet"
}

const connection = ({ connection: phase, disk, draining }: Picture): Stay => {
  const troubles = [...(disk === "ok" ? [] : [`disk ${disk}`]), ...(draining ? ["draining"] : [])]
  const look = disk === "ok" ? connectionLook[phase] : "rose"
  return { look, labels: [[phase, ...troubles].join(" · "), phase], task: null }
}

const task = ({ generation, ownership, status, task_id }: Picture): Stay | null => {
  if (task_id === null || status === null) return null
  const words = [status, ...(ownership === "denied" || ownership === "unresolved" ? [ownership] : [])].join(" · ")
  return {
    look: statusLook[status],
    labels: [`${task_id} · ${words} · generation ${generation}`, words],
    task: task_id
  }
}

const activity = ({ agent_phase: phase, task_id }: Picture): Stay | null =>
  phase === "Idle" ? null : { look: phaseLook[phase], labels: [plain(phase)], task: task_id }

const messages = ({ batch }: Picture): Stay | null =>
  batch && {
    look: statusLook[batch.status],
    labels: [`${batch.batch_id} · ${batch.status}`, batch.status],
    task: batch.batch_id
  }

/** The state of the agent's process after a fact; undefined if the fact does not change it. */
const agentAfter = (fact: LocalFact, before: Stay | null): Stay | null | undefined => {
  switch (fact._tag) {
    case "WakeSpawned":
      return { look: "sand", labels: ["woken"], task: fact.work_id }
    case "AgentStarted":
      return { look: "teal", labels: ["at work"], task: fact.work_id }
    case "AgentInspected":
      return fact.evidence.process !== "alive" || before !== null
        ? undefined
        : { look: "teal", labels: ["at work"], task: fact.work_id }
    case "ResultFound":
      return before === null ? undefined : { look: "grey", labels: ["answered"], task: fact.work_id }
    case "AgentStopped":
      return null
    case "WakeExited":
      return fact.end.how === "exited" && fact.end.code === 0 && before?.look !== "grey" ? undefined : null
    default:
      return undefined
  }
}

const isAlike = (a: Stay | null, b: Stay | null): boolean =>
  a === b || (a !== null && b !== null && a.look === b.look && a.task === b.task && a.labels[0] === b.labels[0])

/** Makes the bars of the states from the events. */
export class Bars {
  readonly #open = new Map<Row, Stay & { readonly from: number }>()
  readonly #done: Array<Bar> = []

  #set(row: Row, next: Stay | null, at: number): void {
    const open = this.#open.get(row) ?? null
    if (isAlike(open, next)) return
    if (open !== null && open.from < at) this.#done.push({ ...open, row, to: at })
    if (next === null) this.#open.delete(row)
    else this.#open.set(row, { ...next, from: at })
  }

  /** `at` is the index of the last drawn event. */
  take(event: ReplayEvent, at: number): void {
    if (event.kind === "state") {
      this.#set("connection", connection(event.after), at)
      this.#set("task", task(event.after), at)
      this.#set("activity", activity(event.after), at)
      this.#set("messages", messages(event.after), at)
    } else if (event.kind === "fact") {
      const next = agentAfter(event.fact, this.#open.get("agent") ?? null)
      if (next !== undefined) this.#set("agent", next, at)
    } else if (event.kind === "life" && event.phase === "ends") {
      for (const row of ["connection", "task", "activity", "messages"] as const) this.#set(row, null, at)
    }
  }

  /** All bars in the order of their ends. Open ones end at the event with the index `at`. */
  endedAt(at: number): ReadonlyArray<Bar> {
    return [...this.#done, ...Array.from(this.#open, ([row, open]): Bar => ({ ...open, row, to: at }))]
  }
}
