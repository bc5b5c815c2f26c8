import type { Place, ReplayEvent } from "../ReplayEvent.ts"
import { Agenda } from "./Agenda.ts"
import { Window } from "./Window.ts"

type WithoutTime<E> = E extends ReplayEvent ? Omit<E, "t"> : never

/** What the parts of a replay of frames share: time, what is to come, and where to tell what happens. */
export class Stage {
  readonly agenda = new Agenda()
  readonly window = new Window()
  /** Whether the line at hand is the last of its connection: what comes of it was not recorded any more. */
  isCutHere = false
  /** Whether what is done now only makes up for a beginning that was not recorded. */
  isImprovised = false
  /** How many lives of the daemon have begun. */
  lives = 0
  readonly emit: (event: ReplayEvent) => void
  #origin = 0

  constructor(emit: (event: ReplayEvent) => void) {
    this.emit = emit
  }

  /** Epoch milliseconds by the recorded clock. */
  wall(): number {
    return this.#origin + this.agenda.now
  }

  /** The clock is set without time passing. */
  setClock(t: number): void {
    this.#origin = t - this.agenda.now
  }

  tell(happening: WithoutTime<ReplayEvent>): void {
    this.emit({ ...happening, t: this.wall() })
  }

  note(text: string, place: Place | null = null): void {
    this.tell({ kind: "note", text, place })
  }
}
