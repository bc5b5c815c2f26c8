import type { ActorEvent } from "../services/Observer.ts"
import { Fold } from "./Fold.ts"
import type { Expectation } from "./frameOut.ts"
import { type AgentOptions, asRecorded } from "./frames/agentOptions.ts"
import { Frames } from "./frames/Frames.ts"
import type { Line, Recorded } from "./Line.ts"
import type { ReplayEvent } from "./ReplayEvent.ts"
import { Script } from "./Script.ts"
import { Tally } from "./Tally.ts"

export interface ReplayOptions {
  readonly agent: AgentOptions
  readonly expectation: Expectation
  /** Sees the steps of this version as an observer of the actor does, and among frames alone its frames as well. */
  readonly observe: (event: ActorEvent) => void
}

export const defaultOptions: ReplayOptions = { agent: asRecorded, expectation: new Set(), observe: () => undefined }

/** Whether the line is one of the sidecar's own recordings, and not a frame alone. */
const isOwn = ({ entry: { dir } }: Recorded): boolean => dir === "header" || dir === "step" || dir === "local"

/** Replays recordings: the lines go in one after the other, and what would have happened comes out, in order. */
export class Replay {
  readonly #script = new Script()
  readonly #tally: Tally
  readonly #options: ReplayOptions
  readonly #fold: Fold
  #frames: Frames | null = null
  #file: string | null = null
  #first_t: number | null = null
  #last_t = 0

  constructor(options: Partial<ReplayOptions> = {}) {
    this.#options = { ...defaultOptions, ...options }
    const { expectation, observe } = this.#options
    this.#tally = new Tally(expectation !== null)
    this.#fold = new Fold({ tell: this.#script.add, observe, expectation })
  }

  /** Takes the next line; what is certain to have happened by now is the answer. */
  feed(line: Line): ReadonlyArray<ReplayEvent> {
    if ("entry" in line) this.#reach(line)
    else if (this.#frames !== null) this.#frames.take(line)
    else this.#script.add({ t: this.#last_t, kind: "note", text: line.problem, place: line.place })
    return this.#take()
  }

  /** There are no more lines. */
  finish(): ReadonlyArray<ReplayEvent> {
    this.#endFrames()
    this.#fold.end()
    const events = [...this.#take()]
    const summary = this.#tally.summary(this.#first_t, this.#first_t === null ? null : this.#last_t)
    return [...events, { t: this.#last_t, kind: "end", summary }]
  }

  #reach(line: Recorded): void {
    const { entry, place } = line
    this.#first_t ??= entry.t
    if (place.file !== this.#file) this.#beginFile(line)
    this.#last_t = entry.t
    if (isOwn(line)) this.#endFrames()
    if (this.#frames === null) this.#fold.take(entry, place)
    else this.#frames.take(line)
  }

  #beginFile(line: Recorded): void {
    const { entry, place: { file } } = line
    this.#file = file
    const header = entry.dir === "header" ? entry.msg : null
    if (isOwn(line)) this.#endFrames()
    else if (this.#frames === null) {
      this.#fold.end()
      this.#frames = new Frames({ ...this.#options, script: this.#script })
    }
    this.#script.add({ t: entry.t, kind: "file", file, header })
  }

  #endFrames(): void {
    this.#frames?.end()
    this.#frames = null
  }

  #take(): ReadonlyArray<ReplayEvent> {
    const events = this.#script.take()
    for (const event of events) this.#tally.count(event)
    return events
  }
}
