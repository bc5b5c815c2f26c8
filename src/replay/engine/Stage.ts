import type { LocalVerdict, Place, ReplayEvent } from "../ReplayEvent.ts"
import { Timeline } from "../virtual/Timeline.ts"
import { beginsLife } from "./kinds.ts"
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
  /** Whether what is done now was done at the latest with the line that comes next. */
  isGoingOn = false
  /** Whether what is done now only makes up for a beginning that was not recorded. */
  isImprovised = false
  /** How many lives of the daemon have begun. */
  lives = 0
  readonly tell: (happening: Happening) => void
  #origin = 0

  constructor(emit: (event: ReplayEvent) => void) {
    this.tell = (happening) => emit({ ...happening, t: this.wall() })
  }

  #jumped_ms = 0

  /** Epoch milliseconds by the recorded clock. */
  wall(): number {
    return this.#origin + this.timeline.now
  }

  /** The clock is set without time passing. */
  setClock(t: number): void {
    this.#origin = t - this.timeline.now
  }

  /** The recorded clock was set, and no time passed. */
  jumpClock(by_ms: number): void {
    this.#jumped_ms += by_ms
    this.setClock(this.wall() + by_ms)
  }

  /** Milliseconds by a recorded clock that nobody sets. */
  get steady(): number {
    return this.wall() - this.#jumped_ms
  }

  note(text: string, place: Place | null = null): void {
    this.tell({ kind: "note", text, place })
  }

  /** Whether an outcome of that key is so near ahead that it is of what is done now. Times are in milliseconds. */
  hasOutcome(keys: ReadonlyArray<string>, within_ms: number): boolean {
    const latest = this.steady + within_ms
    return keys.some((key) => this.window.timeOf(key) <= latest)
  }

  /** Whether the recorded sidecar decides on such a command so soon. */
  decidesWithin(within_ms: number, isMeant: (brief: string) => boolean): boolean {
    if (!this.scripted) return false
    const latest = this.wall() + within_ms
    for (const entry of this.window.entries()) {
      if (entry.t > latest || beginsLife(entry)) return false
      if (entry.dir !== "local" || !("msg" in entry) || entry.msg._tag !== "Decided") continue
      if (entry.msg.commands.some(isMeant)) return true
    }
    return false
  }

  /**
   * How a local doing compares whose outcome the recording has, or has not. It may have been cut off where the life ends
   * before it is to be expected.
   */
  verdictOn(recorded: boolean, within_ms = 0): LocalVerdict {
    if (!this.scripted || recorded) return "same"
    const { steps: [next, later], timeOfEnd } = this.window
    const hasStep = (this.isGoingOn ? later : next) !== undefined
    return hasStep && timeOfEnd > this.steady + within_ms ? "ours" : "beyond"
  }
}
