import type { LocalVerdict, Place, ReplayEvent } from "../ReplayEvent.ts"
import { Timeline } from "../virtual/Timeline.ts"
import { Window } from "./Window.ts"

type WithoutTime<E> = E extends ReplayEvent ? Omit<E, "t"> : never

/** What happens, without its time: that is when it is told. */
export type Happening = WithoutTime<ReplayEvent>

/** What all parts of a replay share: time, what is to come, and where to tell what happens. */
export class Stage {
  readonly timeline = new Timeline()
  readonly window = new Window()
  /** Whether the recording has local facts, so that nothing else stands in for what it does not tell. */
  scripted = false
  /** Whether the line at hand is the last of its life or connection: what comes of it was not recorded any more. */
  isCutHere = false
  /** Whether what is done now only makes up for a beginning that was not recorded. */
  isImprovised = false
  /** How many lives of the daemon have begun. */
  lives = 0
  readonly tell: (happening: Happening) => void
  #origin = 0

  constructor(emit: (event: ReplayEvent) => void) {
    this.tell = (happening) => emit({ ...happening, t: this.wall() })
  }

  /** Epoch milliseconds by the recorded clock. */
  wall(): number {
    return this.#origin + this.timeline.now
  }

  /** The clock is set without time passing. */
  setClock(t: number): void {
    this.#origin = t - this.timeline.now
  }

  note(text: string, place: Place | null = null): void {
    this.tell({ kind: "note", text, place })
  }

  /** Whether an outcome of that key is so near ahead that it is of what is done now. Times are in milliseconds. */
  hasOutcome(keys: ReadonlyArray<string>, within_ms: number): boolean {
    const latest = this.wall() + within_ms
    return keys.some((key) => (this.window.inThisLife(key)?.entry.t ?? Infinity) <= latest)
  }

  /** How a doing compares whose outcome the recording has, or has not. */
  verdictOn(recorded: boolean): LocalVerdict {
    if (!this.scripted || recorded) return "same"
    return this.isCutHere ? "beyond" : "ours"
  }
}
