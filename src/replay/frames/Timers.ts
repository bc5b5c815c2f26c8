import type { TimerName } from "../../domain/SidecarState.ts"
import type { Agenda, Planned } from "./Agenda.ts"

type Name = TimerName | "retry"

/** The timers of one life, each by its name: one that is started again begins anew. */
export class Timers {
  readonly #agenda: Agenda
  readonly #running = new Map<Name, Planned>()

  constructor(agenda: Agenda) {
    this.#agenda = agenda
  }

  start(timer: Name, ms: number, fires: () => void): void {
    this.cancel(timer)
    this.#running.set(timer, this.#agenda.after(ms, fires))
  }

  cancel(timer: Name): void {
    this.#agenda.callOff(this.#running.get(timer))
  }

  lifeOver(): void {
    for (const timer of this.#running.keys()) this.cancel(timer)
    this.#running.clear()
  }
}
