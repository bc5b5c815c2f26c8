import * as Predicate from "effect/Predicate"
import { Fifo } from "../Fifo.ts"
import type { Entry } from "../format.ts"
import { limits } from "../limits.ts"
import type { Place } from "../ReplayEvent.ts"

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

type Numbered = { readonly number: number; readonly recorded: Recorded }

/** What an entry of the machine itself says. */
export type Told = Extract<Entry, { readonly dir: "local"; readonly msg: unknown }>["msg"]

/** By what a fact is looked for: its kind and what it is about. */
export const factKey = (tag: Told["_tag"], about = ""): string => `${tag} ${about}`

export const keyOfFact = (fact: Told): string =>
  factKey(fact._tag, "task_id" in fact ? fact.task_id : "timer" in fact ? fact.timer : "")

/** By what a frame to the hub is looked for. */
export const frameKey = (type: string, task_id = ""): string => `out ${type} ${task_id}`

const text = (value: unknown): string => Predicate.isString(value) ? value : ""

const keyOf = (entry: Entry): string | undefined => {
  if (entry.dir === "out") return frameKey(text(entry.msg["type"]), text(entry.msg["task_id"]))
  return entry.dir === "local" && "msg" in entry ? keyOfFact(entry.msg) : undefined
}

/** Whether another life of the daemon begins here, so that nothing after it is of the life before it. */
export const beginsLife = (entry: Entry): boolean => {
  if (entry.dir === "header") return "msg" in entry && !entry.msg.continues
  return entry.dir === "local" && "msg" in entry && entry.msg._tag === "Restarted"
}

/** The next lines of a recording: what a replay knows of what is to come. */
export class Window {
  readonly #lines = new Fifo<Line>()
  readonly #byKey = new Map<string, Fifo<Numbered>>()
  readonly #lives = new Fifo<number>()
  #added = 0
  #bytes = 0

  get isFull(): boolean {
    return this.#lines.length > limits.window_entries || this.#bytes > limits.window_bytes
  }

  add(line: Line): void {
    const number = this.#added++
    this.#lines.push(line)
    this.#bytes += line.bytes
    if (!("entry" in line)) return
    if (beginsLife(line.entry)) this.#lives.push(number)
    const key = keyOf(line.entry)
    if (key === undefined) return
    const queue = this.#byKey.get(key) ?? new Fifo<Numbered>()
    this.#byKey.set(key, queue)
    queue.push({ number, recorded: line })
  }

  /** The next line; it is still to come. */
  get first(): Line | undefined {
    return this.#lines.at(0)
  }

  take(): Line | undefined {
    const line = this.#lines.shift()
    if (line === undefined) return undefined
    this.#bytes -= line.bytes
    if (!("entry" in line)) return line
    if (beginsLife(line.entry)) this.#lives.shift()
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
  inThisLife(key: string): Recorded | undefined {
    const found = this.#byKey.get(key)?.at(0)
    return found === undefined || found.number > (this.#lives.at(0) ?? Infinity) ? undefined : found.recorded
  }
}
