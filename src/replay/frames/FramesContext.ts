import type { Entry, FrameOutEntry, Line, Place } from "../format.ts"
import { stringOrEmpty } from "../frameEvents.ts"
import { limits } from "../limits.ts"
import type { ReplayEvent } from "../ReplayEvent.ts"
import { Scheduler } from "./Scheduler.ts"

export const isIdentify = (entry: Entry | undefined): boolean =>
  entry?.dir === "out" && entry.msg["type"] === "identify"

/** The next lines of a recording, so that a replay knows what will happen. */
export class Lookahead {
  readonly #lines: Array<Line> = []
  #bytes = 0

  get isFull(): boolean {
    return this.#lines.length > limits.window_entries || this.#bytes > limits.window_bytes
  }

  add(line: Line): void {
    this.#lines.push(line)
    this.#bytes += line.bytes
  }

  get nextLine(): Line | undefined {
    return this.#lines[0]
  }

  removeNext(): void {
    this.#bytes -= this.#lines.shift()?.bytes ?? 0
  }

  /** All entries in it, from the next one on. */
  *entries(): Generator<Entry> {
    for (const line of this.#lines) if ("entry" in line) yield line.entry
  }

  get nextEntry(): Entry | undefined {
    return this.entries().next().value ?? undefined
  }

  /** The next frame of that type to the hub, about that task if one is given. */
  nextSent(type: string, task_id = ""): FrameOutEntry | undefined {
    for (const entry of this.entries()) {
      if (entry.dir !== "out") continue
      if (entry.msg["type"] === type && stringOrEmpty(entry.msg["task_id"]) === task_id) return entry
    }
    return undefined
  }
}

type WithoutTime<E> = E extends ReplayEvent ? Omit<E, "t"> : never

/** What the parts of a replay of frames share: the time, the next lines, and where events go. */
export class FramesContext {
  readonly scheduler = new Scheduler()
  readonly lookahead = new Lookahead()
  readonly emit: (event: ReplayEvent) => void
  /** Whether the current line is the last of its connection, so that the recording has nothing that follows from it. */
  isLastOfConnection = false
  /** Whether what happens now belongs to a beginning that was not recorded. */
  isUnrecorded = false
  /** How many lives of the daemon have begun. */
  lives = 0
  #origin = 0

  constructor(emit: (event: ReplayEvent) => void) {
    this.emit = emit
  }

  /** Epoch milliseconds by the recorded clock. */
  wallTime(): number {
    return this.#origin + this.scheduler.now
  }

  /** Sets the recorded clock to epoch milliseconds. No time passes. */
  setClock(t: number): void {
    this.#origin = t - this.scheduler.now
  }

  emitNow(event: WithoutTime<ReplayEvent>): void {
    this.emit({ ...event, t: this.wallTime() })
  }

  note(text: string, place: Place): void {
    this.emitNow({ kind: "note", text, place })
  }
}
