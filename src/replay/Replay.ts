import * as Stream from "effect/Stream"
import type { ActorEvent } from "../services/Observer.ts"
import { Fold } from "./Fold.ts"
import type { Line, Recorded } from "./format.ts"
import type { Expectation } from "./frameEvents.ts"
import { Frames } from "./frames/Frames.ts"
import { type AgentOptions, asRecorded } from "./frames/SimulatedAgent.ts"
import { limits } from "./limits.ts"
import { EventQueue, isDifference, type ReplayEvent, type Summary, type Verdict } from "./ReplayEvent.ts"

export interface ReplayOptions {
  readonly agent: AgentOptions
  readonly expectation: Expectation
  /** Observes the steps of this version and, in a recording of frames only, its frames. */
  readonly observe: (event: ActorEvent) => void
}

const defaultOptions: ReplayOptions = { agent: asRecorded, expectation: new Set(), observe: () => undefined }

/** Counts the events of a replay. */
class Tally {
  readonly #frames: Record<Verdict, number> = { same: 0, changed: 0, recorded: 0, ours: 0, beyond: 0 }
  readonly #wakes = new Map<string, number>()
  #framesIn = 0
  #wakesLeftOut = 0
  #localDifferences = 0
  #lives = 0
  #notes = 0

  count(event: ReplayEvent): void {
    if (event.kind === "frame" && event.dir === "in") this.#framesIn += event.place === null ? 0 : 1
    else if (event.kind === "frame") this.#frames[event.verdict]++
    else if (isDifference(event)) this.#localDifferences++
    if (event.kind === "wake" && event.verdict !== "beyond") this.#countWake(event.task_id)
    if (event.kind === "life" && event.phase === "begins") this.#lives++
    if (event.kind === "note") this.#notes++
  }

  #countWake(task_id: string): void {
    const wakes = this.#wakes.get(task_id)
    if (wakes === undefined && this.#wakes.size >= limits.wakes_listed) this.#wakesLeftOut++
    else this.#wakes.set(task_id, (wakes ?? 0) + 1)
  }

  /** `differs` is false if nothing was compared. */
  summary(isCompared: boolean, first_t: number | null, last_t: number | null): Summary {
    const { changed, ours, recorded } = this.#frames
    return {
      frames_in: this.#framesIn,
      frames_out: { ...this.#frames },
      local_differences: this.#localDifferences,
      wakes: [...this.#wakes].map(([task_id, wakes]) => ({ task_id, wakes })),
      wakes_left_out: this.#wakesLeftOut,
      lives: this.#lives,
      notes: this.#notes,
      first_t,
      last_t,
      differs: isCompared && changed + ours + recorded + this.#localDifferences > 0
    }
  }
}

/** Whether the line is from a recording of the sidecar itself, which has more than frames. */
const isOwn = ({ entry: { dir } }: Recorded): boolean => dir === "header" || dir === "step" || dir === "local"

/** Replays the lines of recordings one after the other, and returns what this version would have done, in order. */
export class Replay {
  readonly #queue = new EventQueue()
  readonly #tally = new Tally()
  readonly #options: ReplayOptions
  readonly #fold: Fold
  #frames: Frames | null = null
  #file: string | null = null
  #first_t: number | null = null
  #last_t = 0

  constructor(options: Partial<ReplayOptions> = {}) {
    this.#options = { ...defaultOptions, ...options }
    this.#fold = new Fold(this.#options, this.#queue.add)
  }

  /** Takes the next line. Returns the events that are certain now. */
  feed(line: Line): ReadonlyArray<ReplayEvent> {
    if ("entry" in line) this.#take(line)
    else if (this.#frames !== null) this.#frames.take(line)
    else this.#queue.add({ t: this.#last_t, kind: "note", text: line.problem, place: line.place })
    return this.#events()
  }

  /** Ends the replay after the last line. Returns the remaining events; the last one is the `end`. */
  finish(): ReadonlyArray<ReplayEvent> {
    this.#endFrames()
    this.#fold.end()
    const events = this.#events()
    const last_t = this.#first_t === null ? null : this.#last_t
    const summary = this.#tally.summary(this.#options.expectation !== null, this.#first_t, last_t)
    return [...events, { t: this.#last_t, kind: "end", summary }]
  }

  #take(line: Recorded): void {
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
      this.#frames = new Frames(this.#options, this.#queue)
    }
    this.#queue.add({ t: entry.t, kind: "file", file, header })
  }

  #endFrames(): void {
    this.#frames?.end()
    this.#frames = null
  }

  #events(): ReadonlyArray<ReplayEvent> {
    const events = this.#queue.take()
    for (const event of events) this.#tally.count(event)
    return events
  }
}

/** The events of a replay in batches; the last event is the `end`. */
export const replayed = <E, R>(
  lines: Stream.Stream<ReadonlyArray<Line>, E, R>,
  options: Partial<ReplayOptions>
): Stream.Stream<ReadonlyArray<ReplayEvent>, E, R> =>
  Stream.suspend(() => {
    const replay = new Replay(options)
    return lines.pipe(
      Stream.map((some) => some.flatMap((line) => replay.feed(line))),
      Stream.concat(Stream.sync(() => replay.finish()))
    )
  })
