import { isDifference, type ReplayEvent, workOf } from "../ReplayEvent.ts"
import { Bars } from "./Bars.ts"
import type { Drawing, DrawnEvent, Sketch } from "./Drawing.ts"
import { limits } from "./limits.ts"
import { sketch } from "./sketch.ts"
import { Tasks } from "./Tasks.ts"

const drawn = (made: Sketch, event: ReplayEvent, chars: number): DrawnEvent => {
  const { differs = null, fault = null, note = null, text, ...rest } = made
  const cut = Math.max(0, text.length - chars)
  return { ...rest, t: event.t, task: workOf(event), differs, fault, note, text: text.slice(0, chars), cut }
}

/**
 * Makes the drawing of a session, event by event; it keeps the first `limits.drawn_events` of those that are drawn, and
 * only counts the others.
 */
export class Draughtsman {
  readonly #files: Array<string> = []
  readonly #events: Array<DrawnEvent> = []
  readonly #bars = new Bars()
  readonly #tasks = new Tasks()
  #agent: string | null = null
  #frames_only = false
  #differs = false
  #totals = { events: 0, in: 0, out: 0, wakes: 0, faults: 0, differences: 0 }
  #chars = 0 // of the texts so far
  #first: number | null = null
  #last: number | null = null

  take(event: ReplayEvent): void {
    if (event.kind === "file") {
      this.#files.push(event.file)
      this.#agent ??= event.header?.agent_id ?? null
      this.#frames_only ||= event.header === null
    }
    if (event.kind === "end") this.#differs = event.summary.differs
    const made = sketch(event)
    if (made !== null) this.#count(event, made)
    const isFull = this.#totals.events > limits.drawn_events
    if (made !== null && !isFull) this.#draw(event, made)
    if (!isFull) this.#bars.take(event, Math.max(0, this.#events.length - 1))
  }

  #count(event: ReplayEvent, { fault }: Sketch): void {
    const totals = this.#totals
    totals.events++
    if (event.kind === "frame" && event.dir === "in") totals.in++
    if (event.kind === "frame" && event.dir === "out" && event.verdict !== "recorded") totals.out++
    if (event.kind === "wake") totals.wakes++
    if (fault !== null && fault !== undefined) totals.faults++
    if (isDifference(event)) totals.differences++
    this.#first ??= event.t
    this.#last = event.t
  }

  #draw(event: ReplayEvent, made: Sketch): void {
    const isLate = this.#chars > limits.texts_chars
    const one = drawn(made, event, isLate ? limits.late_text_chars : limits.text_chars)
    this.#chars += one.text.length
    this.#events.push(one)
    if (one.task !== null) this.#tasks.take(one.task, event, made, this.#events.length - 1)
  }

  get drawing(): Drawing {
    return {
      files: this.#files,
      agent: this.#agent,
      frames_only: this.#frames_only,
      events: this.#events,
      bars: this.#bars.endedAt(Math.max(0, this.#events.length - 1)),
      tasks: this.#tasks.all,
      totals: { ...this.#totals, first_t: this.#first, last_t: this.#last },
      differs: this.#differs || this.#totals.differences > 0,
      texts_cut: this.#events.filter(({ cut }) => cut > 0).length
    }
  }
}
