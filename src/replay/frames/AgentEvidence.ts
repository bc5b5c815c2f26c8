import type { Evidence } from "../../domain/Evidence.ts"
import type { Message } from "../../domain/Message.ts"
import type { Observation } from "../../services/ResultWatcher.ts"
import { type FileAction, noEvidence } from "../Life.ts"
import { limits } from "../limits.ts"

type MutableEvidence = { -readonly [Key in keyof Evidence]: Evidence[Key] }

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

/** The processes and files that the simulated agents leave. They survive the daemon. */
export class AgentEvidence {
  readonly #post: (message: Message) => void
  readonly #evidence = new Map<string, MutableEvidence>()
  /** What was written while nobody watched. */
  readonly #unseen = new Map<string, Array<Observation>>()
  #watched: { readonly task_id: string; readonly wake_id: string | null } | null = null

  constructor(post: (message: Message) => void) {
    this.#post = post
  }

  of(task_id: string): MutableEvidence {
    const known = this.#evidence.get(task_id)
    if (known !== undefined) return known
    const [oldest] = this.#evidence.keys()
    if (oldest !== undefined && this.#evidence.size >= limits.agents) this.#forget(oldest)
    const evidence = { ...noEvidence }
    this.#evidence.set(task_id, evidence)
    return evidence
  }

  #forget(task_id: string): void {
    this.#evidence.delete(task_id)
    this.#unseen.delete(task_id)
  }

  forgetAll(): void {
    this.#evidence.clear()
    this.#unseen.clear()
  }

  /** The tasks whose agents live. */
  get survivors(): ReadonlyArray<string> {
    return [...this.#evidence].flatMap(([task_id, { process }]) => process === "alive" ? [task_id] : [])
  }

  /** The agent writes a file. The actor gets it at once if the task is watched, otherwise when its watch starts. */
  write(task_id: string, seen: Observation, now: number): void {
    const evidence = this.of(task_id)
    if (seen._tag === "Answer") evidence.answer = seen.answer
    else evidence.last_sign_at = now
    if (seen._tag === "Started") evidence.started = true
    if (this.#watched?.task_id === task_id) return this.#post(messageOf(task_id, this.#watched.wake_id, seen))
    const unseen = this.#unseen.get(task_id) ?? []
    this.#unseen.set(task_id, unseen)
    if (unseen.length < limits.unseen) unseen.push(seen)
  }

  watch(task_id: string, wake_id: string | null): void {
    this.#watched = { task_id, wake_id }
    for (const seen of this.#unseen.get(task_id) ?? []) this.#post(messageOf(task_id, wake_id, seen))
    this.#unseen.delete(task_id)
  }

  stopWatching(): void {
    this.#watched = null
  }

  /** Ends all watches at the end of a life. The next life finds the files again. */
  lifeEnded(): void {
    this.#watched = null
    this.#unseen.clear()
    for (const [task_id, { answer, started }] of this.#evidence) {
      const unseen: Array<Observation> = started ? [{ _tag: "Started" }] : []
      if (typeof answer === "object" && answer !== null) unseen.push({ _tag: "Answer", answer })
      this.#unseen.set(task_id, unseen)
    }
  }

  filesChanged(action: FileAction, task_id: string, keep_answer: boolean): void {
    const evidence = this.of(task_id)
    evidence.started = false
    if (action === "clear") evidence.last_sign_at = null
    else if (!keep_answer) evidence.answer = null
    if (action === "remove") this.#forget(task_id)
  }
}
