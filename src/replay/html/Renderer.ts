import { limits } from "../limits.ts"
import { isDifference, type ReplayEvent, workOf } from "../ReplayEvent.ts"
import { excerpt } from "../words.ts"
import { Bars } from "./Bars.ts"
import type { Drawing, DrawnEvent, DrawnTask, EventNode } from "./Drawing.ts"
import { eventNode } from "./eventNode.ts"

const drawnEvent = (node: EventNode, event: ReplayEvent, chars: number): DrawnEvent => {
  const { differs = null, fault = null, note = null, text, ...rest } = node
  const cut = Math.max(0, text.length - chars)
  return { ...rest, t: event.t, task: workOf(event), differs, fault, note, text: text.slice(0, chars), cut }
}

const outcomes: Readonly<Record<string, string>> = {
  complete: "complete",
  retried: "failed, to be tried again",
  dead_letter: "failed for good"
}

/** How the task ended according to the event; null if the event does not say. */
const outcomeIn = (event: ReplayEvent): string | null => {
  if (event.kind !== "frame" || event.dir === "out") return null
  const { status, type } = event.msg
  if (type === "task_cancelled") return "cancelled"
  if (type === "task_assign") return "open"
  return type === "task_ack" && typeof status === "string" ? outcomes[status] ?? null : null
}

const descriptionIn = (event: ReplayEvent): string | null => {
  const text = event.kind === "frame" && event.msg["type"] === "task_assign" ? event.msg["description"] : null
  return typeof text === "string" ? excerpt(text, limits.description_chars) : null
}

/** Makes the drawing of a session from its events. It draws the first `limits.drawn_events`, and only counts later ones. */
export class Renderer {
  readonly #files: Array<string> = []
  readonly #events: Array<DrawnEvent> = []
  readonly #bars = new Bars()
  readonly #tasks = new Map<string, DrawnTask>()
  #agent: string | null = null
  #frames_only = false
  #differs = false
  #totals = { events: 0, in: 0, out: 0, wakes: 0, faults: 0, differences: 0 }
  #chars = 0 // of all texts
  #first: number | null = null
  #last: number | null = null

  take(event: ReplayEvent): void {
    if (event.kind === "file") {
      this.#files.push(event.file)
      this.#agent ??= event.header?.agent_id ?? null
      this.#frames_only ||= event.header === null
    }
    if (event.kind === "end") this.#differs = event.summary.differs
    const node = eventNode(event)
    if (node !== null) this.#count(event, node)
    if (this.#totals.events > limits.drawn_events) return
    if (node !== null) this.#draw(event, node)
    this.#bars.take(event, this.#lastIndex)
  }

  get drawing(): Drawing {
    return {
      files: this.#files,
      agent: this.#agent,
      frames_only: this.#frames_only,
      events: this.#events,
      bars: this.#bars.endedAt(this.#lastIndex),
      tasks: [...this.#tasks.values()],
      totals: { ...this.#totals, first_t: this.#first, last_t: this.#last },
      differs: this.#differs || this.#totals.differences > 0,
      texts_cut: this.#events.filter(({ cut }) => cut > 0).length
    }
  }

  get #lastIndex(): number {
    return Math.max(0, this.#events.length - 1)
  }

  #count(event: ReplayEvent, { fault }: EventNode): void {
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

  #draw(event: ReplayEvent, node: EventNode): void {
    const isLate = this.#chars > limits.texts_chars
    const drawn = drawnEvent(node, event, isLate ? limits.late_text_chars : limits.text_chars)
    this.#chars += drawn.text.length
    this.#events.push(drawn)
    if (drawn.task !== null) this.#updateTask(drawn.task, event, drawn.fault !== null)
  }

  #updateTask(id: string, event: ReplayEvent, hasFault: boolean): void {
    const at = this.#lastIndex
    const known = this.#tasks.get(id) ?? { id, description: "", outcome: "open", wakes: 0, faults: 0, from: at, to: at }
    this.#tasks.set(id, {
      ...known,
      description: descriptionIn(event) ?? known.description,
      outcome: outcomeIn(event) ?? known.outcome,
      wakes: known.wakes + (event.kind === "wake" ? 1 : 0),
      faults: known.faults + (hasFault ? 1 : 0),
      to: at
    })
  }
}
