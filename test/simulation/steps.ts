import * as Struct from "effect/Struct"
import { domainLimits } from "../../src/domain/limits.ts"
import { type SidecarState, type TimerName } from "../../src/domain/SidecarState.ts"
import type { ActorEvent, Step } from "../../src/services/Observer.ts"
import type { World } from "./world.ts"

/** The timers about the task in hand. */
const ofTask: ReadonlySet<TimerName> = new Set([
  "assign_grace",
  "task_confirmation",
  "task_late_answer",
  "task_check",
  "lookup",
  "progress",
  "task_timeout"
])

const retryDelay = (failed_attempts: number): number => domainLimits.wake_retries_ms[failed_attempts - 1] ?? 0

/** What is known at once beside a look at an agent, and changes nothing that the look is about. */
const beside: ReadonlySet<string> = new Set([
  "SaveFailed",
  "SaveSucceeded",
  "HeldChanged",
  "MessagesRecorded",
  "MessagesUnrecorded",
  "BatchReady",
  "NoBatch"
])

/** The steps of one daemon after the other, as it takes them. */
export class Steps {
  /** What the daemon knows; null while there is none. */
  state: SidecarState | null = null
  readonly #world: World
  /** Since when it has been in doubt whose the task is. */
  in_doubt_since = 0
  onDoubt: () => void = () => undefined
  readonly #taken: (step: Step, now: number) => void
  readonly #changed: () => void
  /** By name, when each is due by the clock of the machine, and `at` which moment that is. */
  readonly #timers = new Map<TimerName, { readonly due: number; readonly at: number }>()
  #inspected: string | null = null
  readonly #retries_due = new Map<string, number>() // by work, of which each has its own
  readonly #stopping = new Set<string>()

  constructor(world: World, taken: (step: Step, now: number) => void, changed: () => void) {
    this.#world = world
    this.#taken = taken
    this.#changed = changed
  }

  /** The daemon is gone, and what it knew with it. */
  forget(): void {
    this.state = null
    this.#timers.clear()
    this.#inspected = null
    this.#stopping.clear()
    this.#changed()
  }

  #stops(task_id: string): void {
    if (this.#stopping.has(task_id)) this.#world.violate(`the agent of ${task_id} is stopped while it is being stopped`)
    this.#stopping.add(task_id)
  }

  seen(event: ActorEvent): void {
    if (event._tag !== "Stepped") return
    const { step } = event
    const { now } = this.#world
    this.state = step.after
    if (step.before.connection.ownership !== "unresolved") {
      this.in_doubt_since = now
      if (step.after.connection.ownership === "unresolved") this.onDoubt()
    }
    this.#judge(step, now)
    const undone = !step.saved && step.after.stored === step.before.stored
    if (!undone) this.#taken(step, now)
    this.#changed()
  }

  /** A timer fires when its time is over, and a stale one changes nothing; what was looked at is judged before anything else. */
  #judge({ after, commands, message }: Step, now: number): void {
    if (message._tag === "TimerFired" && this.#timers.get(message.timer)?.due === message.due) {
      const early_ms = (this.#timers.get(message.timer)?.at ?? 0) - now
      if (early_ms > 0) this.#world.violate(`the timer ${message.timer} fires ${early_ms} ms early`)
      this.#timers.delete(message.timer)
    }
    if (this.#inspected !== null && message._tag !== "AgentInspected" && !beside.has(message._tag)) {
      this.#world.violate(`${message._tag} comes between the look at ${this.#inspected} and what follows from it`)
    }
    if (message._tag === "RetryDue") {
      const early_ms = (this.#retries_due.get(message.work_id) ?? 0) - now
      if (early_ms > 0) this.#world.violate(`a retry comes ${early_ms} ms early`)
    }
    if (message._tag === "AgentInspected") this.#inspected = null
    if (message._tag === "AgentStopped") this.#stopping.delete(message.work_id)
    for (const command of commands) {
      if (command._tag === "StartTimer") {
        this.#timers.set(command.timer, { due: command.due, at: now + command.after_ms })
      }
      if (command._tag === "CancelTimer") this.#timers.delete(command.timer)
      if (command._tag === "RetryWake") {
        this.#retries_due.set(command.work_id, now + retryDelay(command.failed_attempts))
      }
      if (command._tag === "StopAgent") this.#stops(command.work_id)
      if (command._tag === "InspectAgent") this.#inspected = command.work.id
    }
    if (JSON.stringify(Struct.keys(after.timers).toSorted()) !== JSON.stringify([...this.#timers.keys()].toSorted())) {
      this.#world.violate(`the state says that these timers run: ${Struct.keys(after.timers).join(" ")}`)
    }
    const stray = after.stored.task === null && [...this.#timers.keys()].find((timer) => ofTask.has(timer))
    if (stray) this.#world.violate(`the timer ${stray} goes on though its task is over`)
  }
}
