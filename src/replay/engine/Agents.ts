import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import type { Observation, ResultWatcher } from "../../services/ResultWatcher.ts"
import { limits } from "../limits.ts"
import { type AgentRecord, evidenceOf, unknownAgent, wrote } from "./agentRecord.ts"
import type { Stage } from "./Stage.ts"

type Listener = (seen: Observation) => void

const listenerOf = (queue: Queue.Enqueue<Observation>): Listener => (seen) => void Queue.offerUnsafe(queue, seen)

/** The agents of the tasks and what they write; they survive the daemon. */
export class Agents {
  readonly #stage: Stage
  readonly #records = new Map<string, AgentRecord>()
  readonly #listeners = new Map<string, Listener>()
  readonly #untold = new Map<string, Array<Observation>>()

  constructor(stage: Stage) {
    this.#stage = stage
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

  isWatched(task_id: string): boolean {
    return this.#listeners.has(task_id)
  }

  /** The agent wrote something: it is told at once, or as soon as somebody watches. */
  write(task_id: string, seen: Observation): void {
    wrote(this.of(task_id), seen, this.#stage.wall())
    const listener = this.#listeners.get(task_id)
    if (listener !== undefined) return listener(seen)
    const untold = this.#untold.get(task_id) ?? []
    this.#untold.set(task_id, untold)
    if (untold.length < limits.untold) untold.push(seen)
  }

  /** Nobody watches any more; what stands in for an agent is told of again by the next life. */
  lifeOver(): void {
    this.#listeners.clear()
    this.#untold.clear()
    if (this.#stage.scripted) return
    for (const [task_id, { answer, started }] of this.#records) {
      const seen: Array<Observation> = started ? [{ _tag: "Started" }] : []
      if (answer !== null && answer !== "half-written") seen.push({ _tag: "Answer", answer })
      this.#untold.set(task_id, seen)
    }
  }

  #watch(task_id: string): Stream.Stream<Observation> {
    return Stream.callback<Observation>((queue) =>
      Effect.callback<never>(() => {
        const listener = listenerOf(queue)
        this.#listeners.set(task_id, listener)
        for (const seen of this.#untold.get(task_id) ?? []) listener(seen)
        this.#untold.delete(task_id)
        return Effect.sync(() => {
          if (this.#listeners.get(task_id) === listener) this.#listeners.delete(task_id)
        })
      }), { bufferSize: limits.untold, strategy: "dropping" })
  }

  #act(action: "clear" | "set_aside" | "remove", task_id: string, act: (record: AgentRecord) => void) {
    return Effect.sync(() => {
      this.#stage.tell({ kind: "action", action, task_id, verdict: "same" })
      act(this.of(task_id))
    })
  }

  readonly watcher: ResultWatcher["Service"] = {
    watch: (task_id) => this.#watch(task_id),
    rescan: () => Effect.void, // what it would find is told as a fact
    look: (task_id) => Effect.sync(() => evidenceOf(this.of(task_id))),
    clear: (task_id) =>
      this.#act("clear", task_id, (record) => Object.assign(record, { started: false, last_sign_at: null })),
    setAside: (task_id) =>
      this.#act("set_aside", task_id, (record) => Object.assign(record, { started: false, answer: null })),
    remove: (task_id, keep_answer) =>
      this.#act("remove", task_id, (record) => {
        record.started = false
        if (!keep_answer) record.answer = null
      })
  }
}
