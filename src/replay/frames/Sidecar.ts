import type { Command } from "../../domain/Command.ts"
import type { Message } from "../../domain/Message.ts"
import { emptyStore, initialState, type StoredState } from "../../domain/SidecarState.ts"
import { limits as rules } from "../../limits.ts"
import type { ActorEvent, Step } from "../../services/Observer.ts"
import { Life } from "../Life.ts"
import { limits } from "../limits.ts"
import { defaultPolicy } from "../policy.ts"
import { stepEvents } from "../stepEvents.ts"
import type { AgentOptions } from "./agentOptions.ts"
import { unseen } from "./agentRecord.ts"
import { Agents } from "./Agents.ts"
import type { Link } from "./Link.ts"
import type { Stage } from "./Stage.ts"
import { StandIn } from "./StandIn.ts"
import { Timers } from "./Timers.ts"

export interface SidecarParts {
  readonly stage: Stage
  readonly link: Link
  readonly agent: AgentOptions
  readonly observe: (event: ActorEvent) => void
  readonly ended: () => void
}

/** The sidecar among frames that another client recorded: what its commands come to is made up, by what the frames say of it. */
export class Sidecar {
  /** Whether a life ended by itself, so that there is none although nothing has ended it. */
  isOver = false
  readonly standIn: StandIn
  readonly #parts: SidecarParts
  readonly #agents: Agents
  readonly #timers: Timers
  readonly #mailbox: Array<Message> = []
  readonly #learnt: Array<Message> = []
  #life: Life | null = null
  #isTaking = false
  #step: Step | null = null
  #stored: StoredState = emptyStore

  constructor(parts: SidecarParts) {
    this.#parts = parts
    const { agent, stage } = parts
    this.#timers = new Timers(stage.agenda)
    this.#agents = new Agents((message) => this.#tell(message))
    this.standIn = new StandIn({
      agenda: stage.agenda,
      window: stage.window,
      agents: this.#agents,
      options: agent,
      wall: () => stage.wall()
    })
  }

  get lives(): boolean {
    return this.#life !== null
  }

  /** The daemon starts, over what the life before has left. */
  start(): void {
    const { link, observe, stage } = this.#parts
    this.end()
    this.isOver = false
    stage.lives++
    stage.tell({ kind: "life", life: stage.lives, phase: "begins" })
    this.#life = new Life({
      state: initialState(defaultPolicy),
      send: (command) => link.send(command),
      learn: (message) => void this.#learnt.push(message),
      evidenceOf: (task_id) => this.#agents.of(task_id),
      filesChanged: (action, task_id, keep_answer) => this.#agents.filesChanged(action, task_id, keep_answer),
      observe: (event) => {
        observe(event)
        if (event._tag === "Stepped") this.#stepped(event.step)
      }
    })
    this.#tell({ _tag: "Restarted", stored: this.#stored, survivors: this.#agents.survivors })
  }

  /** The daemon is killed, if there is one. */
  end(): void {
    if (this.#life !== null) this.#ends(null, null)
  }

  /** Another agent's sidecar: nothing is left of this one. */
  forgetAll(): void {
    this.end()
    this.#agents.forgetAll()
    this.#stored = emptyStore
  }

  /** Puts a message into the mailbox, and takes what is in there unless that is being done; what was learnt at once comes first. */
  #tell(message: Message): void {
    this.#mailbox.push(message)
    if (this.#isTaking) return
    this.#isTaking = true
    while (this.#life !== null) {
      const next = this.#learnt.shift() ?? this.#mailbox.shift()
      if (next === undefined) break
      this.#take(this.#life, next)
    }
    this.#isTaking = false
  }

  #take(life: Life, message: Message): void {
    try {
      life.take(message, Math.floor(this.#parts.stage.wall()))
    } catch (error) {
      return this.#ends(null, error instanceof Error ? error.message : String(error))
    }
    const commands = this.#step?.commands ?? []
    this.#step = null
    for (const command of commands) this.#perform(command)
  }

  #ends(exit_code: number | null, failed: string | null): void {
    const { ended, stage } = this.#parts
    ended()
    this.#life = null
    stage.tell({ kind: "life", life: stage.lives, phase: "ends", exit_code, failed })
    this.#timers.lifeOver()
    this.#mailbox.length = 0
    this.#learnt.length = 0
    this.#agents.lifeOver()
    this.standIn.lifeOver()
    this.isOver = exit_code !== null || failed !== null
  }

  #stepped(step: Step): void {
    const { stage } = this.#parts
    this.#step = step
    this.#stored = step.after.stored
    for (const event of stepEvents(step, stage.wall(), "stand-in")) stage.emit(event)
  }

  /** What comes of a command beside its frame. */
  #perform(command: Command): void {
    const { link } = this.#parts
    switch (command._tag) {
      case "StartTimer": {
        const { after_ms, due, timer } = command
        return this.#timers.start(timer, after_ms, () => this.#tell({ _tag: "TimerFired", timer, due }))
      }
      case "CancelTimer":
        return this.#timers.cancel(command.timer)
      case "RetryWake": {
        const { failed_attempts, work_id } = command
        const after_ms = rules.wake_retries_ms[failed_attempts - 1] ?? 0
        return this.#timers.start("retry", after_ms, () => this.#tell({ _tag: "RetryDue", work_id }))
      }
      case "WakeAgent":
        return this.#wake(command.work.id, command.wake_id)
      case "AdoptAgent":
        return this.#awaitEnd(command.work.id, command.wake_id, true)
      case "StopAgent":
        return this.#stop(command.work_id)
      case "WatchResults":
        return this.#agents.watch(command.work_id, command.wake_id)
      case "StopWatching":
        return this.#agents.stopWatching()
      case "LookUpTask":
        return this.#tell({ _tag: "TaskLookedUp", task_id: command.task_id, location: "unknown" })
      case "CheckReadiness":
        return this.#tell({ _tag: "ReadinessChecked", obstacle: null, programs: "" })
      case "OpenConnection":
        return link.wanted((message) => this.#tell(message))
      case "CloseConnection":
        return link.hangUp()
      case "Reconnect":
        return link.reconnect()
      case "Exit":
        return this.#ends(command.code, null)
    }
  }

  #wake(task_id: string, wake_id: string): void {
    this.standIn.wake(task_id)
    this.#tell({ _tag: "WakeSpawned", work_id: task_id, wake_id })
    this.#awaitEnd(task_id, wake_id, false)
  }

  #awaitEnd(task_id: string, wake_id: string, adopted: boolean): void {
    this.standIn.onEnd(
      task_id,
      (end) => this.#tell({ _tag: "WakeExited", work_id: task_id, wake_id, end: adopted ? unseen : end })
    )
  }

  #stop(task_id: string): void {
    const was_alive = this.#agents.of(task_id).process === "alive"
    this.#parts.stage.agenda.after(was_alive ? limits.stops_in_ms : 0, () => {
      this.standIn.stop(task_id)
      if (was_alive) this.#agents.of(task_id).process = "gone"
      this.#tell({ _tag: "AgentStopped", work_id: task_id, was_alive })
    })
  }
}
