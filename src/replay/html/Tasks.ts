import type { ReplayEvent } from "../ReplayEvent.ts"
import type { DrawnTask, Sketch } from "./Drawing.ts"
import { limits } from "./limits.ts"
import { excerpt } from "./words.ts"

const outcomes: Readonly<Record<string, string>> = {
  complete: "complete",
  retried: "failed, to be tried again",
  dead_letter: "failed for good"
}

/** What an event says about how its task ended; null where it says nothing. */
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

/** Gathers what the list of tasks says of each. */
export class Tasks {
  readonly #tasks = new Map<string, DrawnTask>()

  take(id: string, event: ReplayEvent, { fault }: Sketch, at: number): void {
    const known = this.#tasks.get(id) ?? { id, description: "", outcome: "open", wakes: 0, faults: 0, from: at, to: at }
    this.#tasks.set(id, {
      ...known,
      description: descriptionIn(event) ?? known.description,
      outcome: outcomeIn(event) ?? known.outcome,
      wakes: known.wakes + (event.kind === "wake" ? 1 : 0),
      faults: known.faults + (fault === null || fault === undefined ? 0 : 1),
      to: at
    })
  }

  /** In the order of their first events. */
  get all(): ReadonlyArray<DrawnTask> {
    return [...this.#tasks.values()]
  }
}
