import * as Predicate from "effect/Predicate"
import type { Answer } from "../../domain/Evidence.ts"
import type { JsonObject, WakeEnd } from "../../domain/Work.ts"
import { limits } from "../limits.ts"
import type { Agenda, Planned } from "./Agenda.ts"
import type { AgentOptions } from "./agentOptions.ts"
import { exited, killed } from "./agentRecord.ts"
import type { Agents } from "./Agents.ts"
import type { Window } from "./Window.ts"

/** One run of the agent. What it waits for of the frames is true. */
interface Run {
  readonly woken_at: number // by the agenda, in milliseconds
  readonly planned: Array<Planned>
  readonly ended: Array<(end: WakeEnd) => void>
  confirms: boolean
  answers: boolean
}

const done: Answer = { _tag: "Success", result: { status: "success" }, tokens_used: null }

const isObject = (value: unknown): value is JsonObject => Predicate.isObject(value)

const answerIn = ({ error, reason, result, tokens_used, type }: JsonObject): Answer => {
  if (type === "task_complete") {
    return {
      _tag: "Success",
      result: isObject(result) ? result : {},
      tokens_used: Predicate.isNumber(tokens_used) ? tokens_used : null
    }
  }
  return { _tag: "Failure", reason: [reason, error].find(Predicate.isString) ?? "" }
}

export interface StandInParts {
  readonly agenda: Agenda
  readonly window: Window
  readonly agents: Agents
  readonly options: AgentOptions
  /** Epoch milliseconds. */
  readonly wall: () => number
}

/** The default agent: it does what the recorded frames tell of an agent, and what the options say. */
export class StandIn {
  readonly #agenda: Agenda
  readonly #window: Window
  readonly #agents: Agents
  readonly #options: AgentOptions
  readonly #wall: () => number
  readonly #runs = new Map<string, Run>()
  /** When the recorded sidecar last told of a failed wake of the task. */
  readonly #wakeFailedAt = new Map<string, number>()

  constructor({ agenda, agents, options, wall, window }: StandInParts) {
    this.#agenda = agenda
    this.#window = window
    this.#agents = agents
    this.#options = options
    this.#wall = wall
  }

  wake(task_id: string): void {
    this.#end(task_id, killed)
    Object.assign(this.#agents.of(task_id), { process: "alive", this_boot: true })
    const run: Run = {
      woken_at: this.#agenda.now,
      planned: [],
      ended: [],
      confirms: false,
      answers: false
    }
    this.#runs.set(task_id, run)
    const { confirms_after, exits, works } = this.#options
    const hint = confirms_after === null && exits === null ? this.#wakeResultAhead(task_id) : null
    if (hint === "failed") return this.#after(run, limits.fails_after_ms, () => this.#end(task_id, exited(1)))
    if (exits !== null && exits !== 0) return this.#fails(task_id, run, exits)
    run.confirms = hint === "success"
    if (!run.confirms && hint !== "timeout" && confirms_after !== "never") {
      this.#after(run, confirms_after ?? limits.confirms_after_ms, () => this.#confirm(task_id))
    }
    run.answers = works === null && this.#answerAhead(task_id)
    if (!run.answers && confirms_after !== "never") {
      this.#after(run, works ?? limits.works_ms, () => this.#answer(task_id, done))
    }
  }

  #fails(task_id: string, run: Run, code: number): void {
    const { confirms_after, works } = this.#options
    if (Predicate.isNumber(confirms_after)) this.#after(run, confirms_after, () => this.#confirm(task_id))
    this.#after(run, works ?? limits.fails_after_ms, () => this.#end(task_id, exited(code)))
  }

  #wakeResultAhead(task_id: string): unknown {
    return this.#window.ahead("wake_result", task_id)?.msg["status"]
  }

  #answerAhead(task_id: string): boolean {
    return ["task_complete", "task_failed"].some((type) => this.#window.ahead(type, task_id) !== undefined)
  }

  /** The recorded sidecar told the hub something of its agent: what stands in for that does it now. */
  toldOf(frame: JsonObject): void {
    const { status, task_id, type } = frame
    if (!Predicate.isString(task_id)) return
    const run = this.#runs.get(task_id)
    const { now } = this.#agenda
    if (type === "wake_result") {
      if (status !== "success") this.#wakeFailedAt.set(task_id, now)
      else if (run?.confirms === true) this.#confirm(task_id)
    }
    if (type !== "task_complete" && type !== "task_failed") return
    const sinceWakeFailed = now - (this.#wakeFailedAt.get(task_id) ?? -Infinity)
    this.#wakeFailedAt.delete(task_id)
    if (run?.answers !== true) return
    if (type === "task_complete" || sinceWakeFailed > limits.wake_failure_ms) {
      return this.#answer(task_id, answerIn(frame))
    }
    run.answers = this.#answerAhead(task_id)
    if (!run.answers) {
      this.#after(run, run.woken_at + limits.works_ms - now, () => this.#answer(task_id, done))
    }
  }

  /** Waits for the end of the run; at once where there is none. */
  onEnd(task_id: string, told: (end: WakeEnd) => void): void {
    const run = this.#runs.get(task_id)
    if (run === undefined) told(killed)
    else run.ended.push(told)
  }

  /** Nobody waits for the end of a run any more. */
  lifeOver(): void {
    for (const run of this.#runs.values()) run.ended.length = 0
  }

  /** SIGTERM. */
  stop(task_id: string): void {
    this.#end(task_id, killed)
  }

  #after(run: Run, ms: number, act: () => void): void {
    run.planned.push(this.#agenda.after(ms, act))
  }

  #confirm(task_id: string): void {
    const run = this.#runs.get(task_id)
    if (run === undefined || this.#agents.of(task_id).started) return
    run.confirms = false
    this.#agents.write(task_id, { _tag: "Started" }, this.#wall())
  }

  #answer(task_id: string, answer: Answer): void {
    this.#confirm(task_id)
    this.#agents.write(task_id, { _tag: "Answer", answer }, this.#wall())
    const run = this.#runs.get(task_id)
    if (run !== undefined) {
      this.#after(run, limits.ends_after_ms, () => this.#end(task_id, exited(this.#options.exits ?? 0)))
    }
  }

  #end(task_id: string, end: WakeEnd): void {
    const run = this.#runs.get(task_id)
    if (run === undefined) return
    this.#runs.delete(task_id)
    for (const planned of run.planned) this.#agenda.callOff(planned)
    this.#agents.of(task_id).process = "gone"
    for (const told of [...run.ended]) told(end)
  }
}
