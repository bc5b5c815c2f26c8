import * as Predicate from "effect/Predicate"
import { Fifo } from "../Fifo.ts"
import type { Entry } from "../format.ts"
import { limits } from "../limits.ts"
import type { Place } from "../ReplayEvent.ts"
import { beginsLife, isDoing, isHearing, isStep } from "./kinds.ts"

/** An entry with where it stands, and how long its line is. */
export interface Recorded {
  readonly place: Place
  readonly bytes: number
  readonly entry: Entry
}

/** A line that could not be read, and why. */
export interface Unreadable {
  readonly place: Place
  readonly bytes: number
  readonly problem: string
}

export type Line = Recorded | Unreadable

/** `steady` is its time by a clock that nobody sets, in milliseconds. */
type Numbered = { readonly number: number; readonly steady: number; readonly recorded: Recorded }

/** What an entry of the machine itself says. */
export type Told = Extract<Entry, { readonly dir: "local"; readonly msg: unknown }>["msg"]

/** By what a fact is looked for: its kind and what it is about. */
export const factKey = (tag: Told["_tag"], about = ""): string => `${tag} ${about}`

export const keyOfFact = (fact: Told): string =>
  factKey(fact._tag, "task_id" in fact ? fact.task_id : "timer" in fact ? fact.timer : "")

/** By what a frame to the hub is looked for. */
export const frameKey = (type: string, task_id = ""): string => `out ${type} ${task_id}`

/** The value where it is a text, else an empty one. */
export const textIn = (value: unknown): string => Predicate.isString(value) ? value : ""

const keyOf = (entry: Entry): string | undefined => {
  if (entry.dir === "out") return frameKey(textIn(entry.msg["type"]), textIn(entry.msg["task_id"]))
  return entry.dir === "local" && "msg" in entry ? keyOfFact(entry.msg) : undefined
}

/** The next lines of a recording: what a replay knows of what is to come. */
export class Window {
  readonly #lines = new Fifo<Line>()
  readonly #byKey = new Map<string, Fifo<Numbered>>()
  readonly #lives = new Fifo<Numbered>() // with the times of the lines before
  readonly #doings = new Fifo<Numbered>()
  readonly #steps = new Fifo<Numbered>()
  readonly #hearings = new Fifo<Numbered>()
  #added = 0
  #jumped_ms = 0
  #last_steady = Infinity
  #bytes = 0
  #isWhole = false

  get isFull(): boolean {
    return this.#lines.length > limits.window_entries || this.#bytes > limits.window_bytes
  }

  add(line: Line): void {
    const number = this.#added++
    this.#lines.push(line)
    if (!("entry" in line)) return
    this.#bytes += line.bytes
    const { entry } = line
    if (entry.dir === "local" && "msg" in entry && entry.msg._tag === "ClockJumped") this.#jumped_ms += entry.msg.by_ms
    const steady = entry.t - this.#jumped_ms
    const numbered: Numbered = { number, steady, recorded: line }
    if (beginsLife(entry)) this.#lives.push({ ...numbered, steady: this.#last_steady })
    this.#last_steady = steady
    if (isDoing(entry)) this.#doings.push(numbered)
    if (isStep(entry)) this.#steps.push(numbered)
    if (isHearing(entry)) this.#hearings.push(numbered)
    const key = keyOf(entry)
    if (key === undefined) return
    const queue = this.#byKey.get(key) ?? new Fifo<Numbered>()
    this.#byKey.set(key, queue)
    queue.push(numbered)
  }

  /** There are no more lines. */
  end(): void {
    this.#isWhole = true
  }

  /** The next line; it is still to come. */
  get first(): Line | undefined {
    return this.#lines.at(0)
  }

  take(): Line | undefined {
    const line = this.#lines.shift()
    if (line === undefined) return undefined
    if (!("entry" in line)) return line
    this.#bytes -= line.bytes
    if (beginsLife(line.entry)) this.#lives.shift()
    if (isDoing(line.entry)) this.#doings.shift()
    if (isStep(line.entry)) this.#steps.shift()
    if (isHearing(line.entry)) this.#hearings.shift()
    const key = keyOf(line.entry)
    const queue = key === undefined ? undefined : this.#byKey.get(key)
    queue?.shift()
    if (key !== undefined && queue?.length === 0) this.#byKey.delete(key)
    return line
  }

  /** The entries to come, from the next on. */
  *entries(): Generator<Entry> {
    for (let index = 0; index < this.#lines.length; index++) {
      const line = this.#lines.at(index)
      if (line !== undefined && "entry" in line) yield line.entry
    }
  }

  /** Whether any line of that file is about more than frames. */
  hasFacts(file: string): boolean {
    for (let index = 0; index < this.#lines.length; index++) {
      const line = this.#lines.at(index)
      if (line?.place.file !== file) return false
      if ("entry" in line && (line.entry.dir === "local" || line.entry.dir === "header")) return true
    }
    return false
  }

  get next(): Entry | undefined {
    return this.entries().next().value ?? undefined
  }

  /** The next entry of that key. */
  ahead(key: string): Recorded | undefined {
    return this.#byKey.get(key)?.at(0)?.recorded
  }

  /** The next entry of that key, where it is of the same life of the daemon. */
  inThisLife(key: string): Entry | undefined {
    return this.#ofThisLife(this.#byKey.get(key)?.at(0))?.recorded.entry
  }

  /** When that is, by a clock that nobody sets. */
  timeOf(key: string): number {
    return this.#ofThisLife(this.#byKey.get(key)?.at(0))?.steady ?? Infinity
  }

  /** The next thing that the recorded sidecar did in this life. */
  get doing(): Entry | undefined {
    return this.#ofThisLife(this.#doings.at(0))?.recorded.entry
  }

  get timeOfDoing(): number {
    return this.#ofThisLife(this.#doings.at(0))?.steady ?? Infinity
  }

  /** The next step that it took in this life, and the one after. */
  get steps(): readonly [Entry | undefined, Entry | undefined] {
    const [next, later] = [this.#steps.at(0), this.#steps.at(1)]
    return [this.#ofThisLife(next)?.recorded.entry, this.#ofThisLife(later)?.recorded.entry]
  }

  /** Whether it sent something before it took its next step. */
  get sendsNext(): boolean {
    return this.doing !== this.steps[0]
  }

  /** When this life was last known to go on. */
  get timeOfEnd(): number {
    return this.#lives.at(0)?.steady ?? (this.#isWhole ? this.#last_steady : Infinity)
  }

  /** Whether the lines of this life tell when it took its steps on what frames had told. */
  get hasHearings(): boolean {
    return this.#ofThisLife(this.#hearings.at(0)) !== undefined
  }

  #ofThisLife(found: Numbered | undefined): Numbered | undefined {
    return found !== undefined && found.number < (this.#lives.at(0)?.number ?? Infinity) ? found : undefined
  }
}
