import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import type { Answer } from "../../domain/Evidence.ts"
import type { JsonObject, WakeEnd } from "../../domain/Work.ts"
import { isJsonObject } from "../../text/json.ts"
import { limits } from "../limits.ts"
import type { AgentEvidence } from "./AgentEvidence.ts"
import type { FramesContext } from "./FramesContext.ts"
import type { Scheduled } from "./Scheduler.ts"

/**
 * What the simulated agent does. `null` leaves it to the frames: the agent does what the recorded sidecar told the hub, at
 * that time. Times are in milliseconds from the wake.
 */
export interface AgentOptions {
  readonly confirms_after: number | "never" | null
  readonly works: number | null
  /** The exit code of the command. Any code except 0 ends it without an answer. */
  readonly exits: number | null
}

/** Everything is left to the frames. */
export const asRecorded: AgentOptions = { confirms_after: null, works: null, exits: null }

const shape = /^(?:(confirms-after)=(\d{1,9}|never)|(works)=(\d{1,9})|(exits)=(\d{1,3}))$/

/** Parses `confirms-after=MS|never,works=MS,exits=CODE`. The error says which part is wrong. */
export const parseAgent = (text: string): Result.Result<AgentOptions, string> => {
  let options = asRecorded
  for (const part of text.split(",")) {
    const [, confirms, after, works, ms, exits, code] = shape.exec(part) ?? []
    if (confirms !== undefined) options = { ...options, confirms_after: after === "never" ? after : Number(after) }
    else if (works !== undefined) options = { ...options, works: Number(ms) }
    else if (exits !== undefined && Number(code) <= 255) options = { ...options, exits: Number(code) }
    else return Result.fail(`${part} is none of confirms-after=MS, confirms-after=never, works=MS, exits=CODE`)
  }
  return Result.succeed(options)
}

/** One run of the agent. */
interface Run {
  readonly woken_at: number // milliseconds by the scheduler
  readonly scheduled: Array<Scheduled>
  readonly onEnd: Array<(end: WakeEnd) => void>
  /** Whether it confirms when the recorded sidecar says so. */
  confirmsAsRecorded: boolean
  /** Whether it answers when the recorded sidecar does. */
  answersAsRecorded: boolean
}

const exited = (code: number): WakeEnd => ({ how: "exited", code, output: "" })
const killed: WakeEnd = { how: "killed", code: null, output: "" }

const done: Answer = { _tag: "Success", result: { status: "success" }, tokens_used: null }

const answerIn = ({ error, reason, result, tokens_used, type }: JsonObject): Answer => {
  if (type === "task_complete") {
    return {
      _tag: "Success",
      result: isJsonObject(result) ? result : {},
      tokens_used: Predicate.isNumber(tokens_used) ? tokens_used : null
    }
  }
  return { _tag: "Failure", reason: [reason, error].find(Predicate.isString) ?? "" }
}

export interface SimulatedAgentParts {
  readonly context: FramesContext
  readonly evidence: AgentEvidence
  readonly options: AgentOptions
}

/** The agent in a recording of frames only. It does what the frames tell about the agent, or what the options say. */
export class SimulatedAgent {
  readonly #context: FramesContext
  readonly #evidence: AgentEvidence
  readonly #options: AgentOptions
  readonly #runs = new Map<string, Run>()
  /** When the recorded sidecar last reported a failed wake of the task. */
  readonly #wakeFailedAt = new Map<string, number>()

  constructor({ context, evidence, options }: SimulatedAgentParts) {
    this.#context = context
    this.#evidence = evidence
    this.#options = options
  }

  wake(task_id: string): void {
    this.kill(task_id)
    Object.assign(this.#evidence.of(task_id), { process: "alive", this_boot: true })
    const run: Run = {
      woken_at: this.#context.scheduler.now,
      scheduled: [],
      onEnd: [],
      confirmsAsRecorded: false,
      answersAsRecorded: false
    }
    this.#runs.set(task_id, run)
    const { confirms_after, exits, works } = this.#options
    const status = confirms_after === null && exits === null ? this.#nextWakeStatus(task_id) : null
    if (status === "failed") return this.#after(run, limits.fails_after_ms, () => this.#end(task_id, exited(1)))
    if (exits !== null && exits !== 0) return this.#fail(task_id, run, exits)
    run.confirmsAsRecorded = status === "success"
    if (!run.confirmsAsRecorded && status !== "timeout" && confirms_after !== "never") {
      this.#after(run, confirms_after ?? limits.confirms_after_ms, () => this.#confirm(task_id))
    }
    run.answersAsRecorded = works === null && this.#isAnswerRecorded(task_id)
    if (!run.answersAsRecorded && confirms_after !== "never") {
      this.#after(run, works ?? limits.works_ms, () => this.#answer(task_id, done))
    }
  }

  #fail(task_id: string, run: Run, code: number): void {
    const { confirms_after, works } = this.#options
    if (Predicate.isNumber(confirms_after)) this.#after(run, confirms_after, () => this.#confirm(task_id))
    this.#after(run, works ?? limits.fails_after_ms, () => this.#end(task_id, exited(code)))
  }

  #nextWakeStatus(task_id: string): unknown {
    return this.#context.lookahead.nextSent("wake_result", task_id)?.msg["status"]
  }

  #isAnswerRecorded(task_id: string): boolean {
    const { lookahead } = this.#context
    return ["task_complete", "task_failed"].some((type) => lookahead.nextSent(type, task_id) !== undefined)
  }

  /** The recorded sidecar sent a frame. If the frame tells about its agent, the simulated agent does the same now. */
  follow(frame: JsonObject): void {
    const { status, task_id, type } = frame
    if (!Predicate.isString(task_id)) return
    const run = this.#runs.get(task_id)
    const { now } = this.#context.scheduler
    if (type === "wake_result") {
      if (status !== "success") this.#wakeFailedAt.set(task_id, now)
      else if (run?.confirmsAsRecorded === true) this.#confirm(task_id)
    }
    if (type !== "task_complete" && type !== "task_failed") return
    const sinceWakeFailed = now - (this.#wakeFailedAt.get(task_id) ?? -Infinity)
    this.#wakeFailedAt.delete(task_id)
    if (run?.answersAsRecorded !== true) return
    if (type === "task_complete" || sinceWakeFailed > limits.wake_failure_ms) {
      return this.#answer(task_id, answerIn(frame))
    }
    run.answersAsRecorded = this.#isAnswerRecorded(task_id)
    if (!run.answersAsRecorded) {
      this.#after(run, run.woken_at + limits.works_ms - now, () => this.#answer(task_id, done))
    }
  }

  /** Calls back at the end of the run, or at once if there is no run. */
  onEnd(task_id: string, listener: (end: WakeEnd) => void): void {
    const run = this.#runs.get(task_id)
    if (run === undefined) listener(killed)
    else run.onEnd.push(listener)
  }

  /** Removes all listeners at the end of a life. The agents work on. */
  lifeEnded(): void {
    for (const run of this.#runs.values()) run.onEnd.length = 0
  }

  kill(task_id: string): void {
    this.#end(task_id, killed)
  }

  #after(run: Run, ms: number, act: () => void): void {
    run.scheduled.push(this.#context.scheduler.after(ms, act))
  }

  #confirm(task_id: string): void {
    const run = this.#runs.get(task_id)
    if (run === undefined || this.#evidence.of(task_id).started) return
    run.confirmsAsRecorded = false
    this.#evidence.write(task_id, { _tag: "Started" }, this.#context.wallTime())
  }

  #answer(task_id: string, answer: Answer): void {
    this.#confirm(task_id)
    this.#evidence.write(task_id, { _tag: "Answer", answer }, this.#context.wallTime())
    const run = this.#runs.get(task_id)
    if (run !== undefined) {
      this.#after(run, limits.ends_after_ms, () => this.#end(task_id, exited(this.#options.exits ?? 0)))
    }
  }

  #end(task_id: string, end: WakeEnd): void {
    const run = this.#runs.get(task_id)
    if (run === undefined) return
    this.#runs.delete(task_id)
    for (const scheduled of run.scheduled) this.#context.scheduler.cancel(scheduled)
    this.#evidence.of(task_id).process = "gone"
    for (const listener of [...run.onEnd]) listener(end)
  }
}
