import type { Command } from "../../domain/Command.ts"
import { domainLimits } from "../../domain/limits.ts"
import type { Message } from "../../domain/Message.ts"
import { emptyStore, initialState, type StoredState } from "../../domain/SidecarState.ts"
import type { WakeEnd } from "../../domain/Work.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import { defaultPolicy, Life } from "../Life.ts"
import { limits } from "../limits.ts"
import { stepEvents } from "../stepEvents.ts"
import { AgentEvidence } from "./AgentEvidence.ts"
import type { FramesContext } from "./FramesContext.ts"
import type { HubConnection } from "./HubConnection.ts"
import { Timers } from "./Scheduler.ts"
import { type AgentOptions, SimulatedAgent } from "./SimulatedAgent.ts"

export interface SidecarParts {
  readonly context: FramesContext
  readonly connection: HubConnection
  readonly options: AgentOptions
  readonly observe: (event: ActorEvent) => void
  readonly onEnd: () => void
}

/** The end of an agent that an earlier life woke. */
const unseen: WakeEnd = { how: "unseen", code: null, output: "" }

/** The sidecar in a recording of frames only. The outcome of its commands is simulated. */
export class Sidecar {
  /** Whether the last life ended by itself, so that the recording does not say when the next one begins. */
  hasExited = false
  readonly agent: SimulatedAgent
  readonly #parts: SidecarParts
  readonly #evidence: AgentEvidence
  readonly #timers: Timers
  readonly #mailbox: Array<Message> = []
  /** Outcomes that were known at once. They are handled before the mailbox. */
  readonly #learned: Array<Message> = []
  #life: Life | null = null
  #isHandling = false
  #step: Step | null = null
  #stored: StoredState = emptyStore

  constructor(parts: SidecarParts) {
    this.#parts = parts
    const { context, options } = parts
    this.#timers = new Timers(context.scheduler)
    this.#evidence = new AgentEvidence((message) => this.#post(message))
    this.agent = new SimulatedAgent({ context, evidence: this.#evidence, options })
  }

  get isAlive(): boolean {
    return this.#life !== null
  }

  /** Starts a new life with the state that the last one stored. */
  start(): void {
    const { connection, context, observe } = this.#parts
    this.end()
    this.hasExited = false
    context.lives++
    context.emitNow({ kind: "life", life: context.lives, phase: "begins" })
    this.#life = new Life({
      state: initialState(defaultPolicy),
      send: (command) => connection.send(command),
      learn: (message) => void this.#learned.push(message),
      evidenceOf: (task_id) => this.#evidence.of(task_id),
      filesChanged: (action, task_id, keep_answer) => this.#evidence.filesChanged(action, task_id, keep_answer),
      observe: (event) => {
        observe(event)
        if (event._tag === "Stepped") this.#stepped(event.step)
      }
    })
    this.#post({ _tag: "Restarted", stored: this.#stored, survivors: this.#evidence.survivors })
  }

  /** Kills the daemon if it is alive. */
  end(): void {
    if (this.#life !== null) this.#endLife(null, null)
  }

  /** Removes everything of this agent, because the next frames are of another agent. */
  forgetAll(): void {
    this.end()
    this.#evidence.forgetAll()
    this.#stored = emptyStore
  }

  /** Adds a message to the mailbox, and handles all messages unless that is already being done. */
  #post(message: Message): void {
    this.#mailbox.push(message)
    if (this.#isHandling) return
    this.#isHandling = true
    while (this.#life !== null) {
      const next = this.#learned.shift() ?? this.#mailbox.shift()
      if (next === undefined) break
      this.#handle(this.#life, next)
    }
    this.#isHandling = false
  }

  #handle(life: Life, message: Message): void {
    try {
      life.take(message, Math.floor(this.#parts.context.wallTime()))
    } catch (error) {
      return this.#endLife(null, error instanceof Error ? error.message : String(error))
    }
    const commands = this.#step?.commands ?? []
    this.#step = null
    for (const command of commands) this.#run(command)
  }

  #endLife(exit_code: number | null, failed: string | null): void {
    const { context, onEnd } = this.#parts
    onEnd()
    this.#life = null
    context.emitNow({ kind: "life", life: context.lives, phase: "ends", exit_code, failed })
    this.#timers.cancelAll()
    this.#mailbox.length = 0
    this.#learned.length = 0
    this.#evidence.lifeEnded()
    this.agent.lifeEnded()
    this.hasExited = exit_code !== null || failed !== null
  }

  #stepped(step: Step): void {
    const { context } = this.#parts
    this.#step = step
    this.#stored = step.after.stored
    for (const event of stepEvents(step, context.wallTime(), "stand-in")) context.emit(event)
  }

  /** Runs a command. The life itself has already run those that only send a frame. */
  #run(command: Command): void {
    const { connection } = this.#parts
    switch (command._tag) {
      case "StartTimer": {
        const { after_ms, due, timer } = command
        // Nothing is read, so nothing is to be read again.
        if (timer === "catch_up") return
        return this.#timers.start(timer, after_ms, () => this.#post({ _tag: "TimerFired", timer, due }))
      }
      case "CancelTimer":
        return this.#timers.cancel(command.timer)
      case "RetryWake": {
        const { failed_attempts, work_id } = command
        const after_ms = domainLimits.wake_retries_ms[failed_attempts - 1] ?? 0
        return this.#timers.start("retry", after_ms, () => this.#post({ _tag: "RetryDue", work_id }))
      }
      case "WakeAgent":
        return this.#wake(command.work.id, command.wake_id)
      case "AdoptAgent":
        return this.#awaitEnd(command.work.id, command.wake_id, true)
      case "StopAgent":
        return this.#stop(command.work_id)
      case "WatchResults":
        return this.#evidence.watch(command.work_id, command.wake_id)
      case "StopWatching":
        return this.#evidence.stopWatching()
      case "LookUpTask":
        return this.#post({ _tag: "TaskLookedUp", task_id: command.task_id, location: "unknown" })
      case "CheckReadiness":
        return this.#post({ _tag: "ReadinessChecked", obstacle: null, programs: "" })
      case "OpenConnection":
        return connection.enable((message) => this.#post(message))
      case "CloseConnection":
        return connection.disable()
      case "Reconnect":
        return connection.reconnect()
      case "Exit":
        return this.#endLife(command.code, null)
    }
  }

  #wake(task_id: string, wake_id: string): void {
    this.agent.wake(task_id)
    this.#post({ _tag: "WakeSpawned", work_id: task_id, wake_id })
    this.#awaitEnd(task_id, wake_id, false)
  }

  #awaitEnd(task_id: string, wake_id: string, isAdopted: boolean): void {
    this.agent.onEnd(
      task_id,
      (end) => this.#post({ _tag: "WakeExited", work_id: task_id, wake_id, end: isAdopted ? unseen : end })
    )
  }

  #stop(task_id: string): void {
    const was_alive = this.#evidence.of(task_id).process === "alive"
    this.#parts.context.scheduler.after(was_alive ? limits.stops_in_ms : 0, () => {
      this.agent.kill(task_id)
      if (was_alive) this.#evidence.of(task_id).process = "gone"
      this.#post({ _tag: "AgentStopped", work_id: task_id, was_alive })
    })
  }
}
