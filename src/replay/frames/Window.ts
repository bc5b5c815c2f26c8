import { Fifo } from "../Fifo.ts"
import type { Entry } from "../format.ts"
import { textIn } from "../frameOut.ts"
import { limits } from "../limits.ts"
import type { Line } from "../Line.ts"

export const isIdentify = (entry: Entry | undefined): boolean =>
  entry?.dir === "out" && entry.msg["type"] === "identify"

/** The next lines of a recording of frames: what a replay of it knows of what is to come. */
export class Window {
  readonly #lines = new Fifo<Line>()
  #bytes = 0

  get isFull(): boolean {
    return this.#lines.length > limits.window_entries || this.#bytes > limits.window_bytes
  }

  add(line: Line): void {
    this.#lines.push(line)
    this.#bytes += line.bytes
  }

  /** The next line; it is still to come. */
  get first(): Line | undefined {
    return this.#lines.at(0)
  }

  take(): void {
    this.#bytes -= this.#lines.shift()?.bytes ?? 0
  }

  /** The entries to come, from the next on. */
  *entries(): Generator<Entry> {
    for (let index = 0; index < this.#lines.length; index++) {
      const line = this.#lines.at(index)
      if (line !== undefined && "entry" in line) yield line.entry
    }
  }

  get next(): Entry | undefined {
    return this.entries().next().value ?? undefined
  }

  /** The next frame to the hub of that type, and about that task where it is about one. */
  ahead(type: string, task_id = ""): Extract<Entry, { readonly dir: "out" }> | undefined {
    for (let index = 0; index < this.#lines.length; index++) {
      const line = this.#lines.at(index)
      if (line === undefined || !("entry" in line) || line.entry.dir !== "out") continue
      const { msg } = line.entry
      if (msg["type"] === type && textIn(msg["task_id"]) === task_id) return line.entry
    }
    return undefined
  }
}
