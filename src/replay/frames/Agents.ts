import type { Message } from "../../domain/Message.ts"
import type { Observation } from "../../services/ResultWatcher.ts"
import { limits } from "../limits.ts"
import { type AgentRecord, unknownAgent, wrote } from "./agentRecord.ts"

const messageOf = (task_id: string, wake_id: string | null, seen: Observation): Message => {
  switch (seen._tag) {
    case "Started":
      return { _tag: "AgentStarted", work_id: task_id, wake_id }
    case "Progress":
      return { _tag: "ProgressFound", work_id: task_id, progress: seen.progress }
    case "Answer":
      return { _tag: "ResultFound", work_id: task_id, answer: seen.answer }
  }
}

/** What the agents of the tasks write; it survives the daemon. */
export class Agents {
  readonly #tell: (message: Message) => void
  readonly #records = new Map<string, AgentRecord>()
  readonly #untold = new Map<string, Array<Observation>>()
  #watched: { readonly task_id: string; readonly wake_id: string | null } | null = null

  constructor(tell: (message: Message) => void) {
    this.#tell = tell
  }

  of(task_id: string): AgentRecord {
    const known = this.#records.get(task_id)
    if (known !== undefined) return known
    const [oldest] = this.#records.keys()
    if (oldest !== undefined && this.#records.size >= limits.agents) this.forget(oldest)
    const record = unknownAgent()
    this.#records.set(task_id, record)
    return record
  }

  forget(task_id: string): void {
    this.#records.delete(task_id)
    this.#untold.delete(task_id)
  }

  forgetAll(): void {
    this.#records.clear()
    this.#untold.clear()
  }

  /** The tasks whose agents live. */
  get survivors(): ReadonlyArray<string> {
    return [...this.#records].flatMap(([task_id, { process }]) => process === "alive" ? [task_id] : [])
  }

  /** The agent wrote something: it is told at once, or as soon as somebody watches. */
  write(task_id: string, seen: Observation, now: number): void {
    wrote(this.of(task_id), seen, now)
    if (this.#watched?.task_id === task_id) return this.#tell(messageOf(task_id, this.#watched.wake_id, seen))
    const untold = this.#untold.get(task_id) ?? []
    this.#untold.set(task_id, untold)
    if (untold.length < limits.untold) untold.push(seen)
  }

  watch(task_id: string, wake_id: string | null): void {
    this.#watched = { task_id, wake_id }
    for (const seen of this.#untold.get(task_id) ?? []) this.#tell(messageOf(task_id, wake_id, seen))
    this.#untold.delete(task_id)
  }

  stopWatching(): void {
    this.#watched = null
  }

  /** Nobody watches any more; the next life finds all of it again. */
  lifeOver(): void {
    this.#watched = null
    this.#untold.clear()
    for (const [task_id, { answer, started }] of this.#records) {
      const seen: Array<Observation> = started ? [{ _tag: "Started" }] : []
      if (typeof answer === "object" && answer !== null) seen.push({ _tag: "Answer", answer })
      this.#untold.set(task_id, seen)
    }
  }

  filesChanged(action: "clear" | "set_aside" | "remove", task_id: string, keep_answer: boolean): void {
    const record = this.of(task_id)
    record.started = false
    if (action === "clear") record.last_sign_at = null
    else if (!keep_answer) record.answer = null
    if (action === "remove") this.forget(task_id)
  }
}
