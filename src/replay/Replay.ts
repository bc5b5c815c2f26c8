import { type AgentOptions, asRecorded } from "./engine/agentOptions.ts"
import { Comparison, type Expectation } from "./engine/Comparison.ts"
import { Follower, isIdentify } from "./engine/Follower.ts"
import { beginsLife, isDoing } from "./engine/kinds.ts"
import type { RunSidecar } from "./engine/Life.ts"
import { Script } from "./engine/Script.ts"
import { Sidecar } from "./engine/Sidecar.ts"
import { Stage } from "./engine/Stage.ts"
import { Tally } from "./engine/Tally.ts"
import type { Line, Recorded } from "./engine/Window.ts"
import type { Entry } from "./format.ts"
import { limits } from "./limits.ts"
import type { Place, ReplayEvent } from "./ReplayEvent.ts"

export interface ReplayOptions {
  readonly agent: AgentOptions
  readonly expectation: Expectation
}

export const defaultOptions: ReplayOptions = { agent: asRecorded, expectation: new Set() }

/**
 * Replays recordings: the lines go in one after the other, and what would have happened comes out, in order. The sidecar
 * is the one of production over layers that do nothing; time is virtual, so nothing waits.
 */
export class Replay {
  readonly #stage: Stage
  readonly #script = new Script()
  readonly #tally: Tally
  readonly #comparison: Comparison
  readonly #sidecar: Sidecar
  readonly #follower: Follower
  #file: string | null = null
  #first_t: number | null = null
  #last_t: number | null = null

  constructor(run: RunSidecar, { agent, expectation }: ReplayOptions = defaultOptions) {
    this.#stage = new Stage(this.#script.add)
    this.#tally = new Tally(expectation !== null)
    this.#comparison = new Comparison(this.#stage, this.#script, expectation)
    this.#sidecar = new Sidecar({ stage: this.#stage, comparison: this.#comparison, run, agent })
    this.#follower = new Follower({
      stage: this.#stage,
      comparison: this.#comparison,
      sidecar: this.#sidecar,
      pass: (ms) => this.#pass(ms)
    })
  }

  /** Takes the next line; what is certain to have happened by now is the answer. */
  feed(line: Line): ReadonlyArray<ReplayEvent> {
    this.#stage.window.add(line)
    while (this.#stage.window.isFull) this.#next()
    return this.#take()
  }

  /** There are no more lines. */
  finish(): ReadonlyArray<ReplayEvent> {
    const events: Array<ReplayEvent> = []
    this.#stage.window.end()
    while (this.#next()) for (const event of this.#take()) events.push(event)
    this.#tail()
    this.#sidecar.end()
    this.#comparison.close()
    for (const event of this.#take()) events.push(event)
    const summary = this.#tally.summary(this.#first_t, this.#last_t)
    events.push({ t: this.#stage.wall(), kind: "end", summary })
    return events
  }

  /** What this version would do next, as far as that is certain without a hub and an agent. */
  #tail(): void {
    const note = this.#script.reserve()
    const told = this.#script.length
    this.#stage.isCutHere = true
    this.#sidecar.settle()
    const ended = this.#stage.wall()
    if (this.#sidecar.lives) this.#pass(limits.tail_ms)
    if (this.#script.length === told) this.#stage.setClock(ended)
    const text = `the recording ends here; what follows is this version's own, for ${limits.tail_ms} ms at the most`
    note.event = this.#script.length > told
      ? { t: this.#last_t ?? this.#stage.wall(), kind: "note", text, place: null }
      : null
  }

  #take(): ReadonlyArray<ReplayEvent> {
    const events = this.#script.take()
    for (const event of events) this.#tally.count(event)
    return events
  }

  #next(): boolean {
    const { window } = this.#stage
    const line = window.first
    if (line === undefined) return false
    if (line.place.file !== this.#file) this.#beginFile(line)
    if ("entry" in line) this.#reach(line)
    else {
      window.take()
      this.#stage.note(line.problem, line.place)
    }
    return true
  }

  #beginFile(line: Line): void {
    const { window } = this.#stage
    this.#file = line.place.file
    const entry = "entry" in line ? line.entry : window.next
    if (entry === undefined) return
    if (this.#first_t === null) {
      this.#stage.setClock(entry.t)
      this.#first_t = entry.t
    }
    const header = entry.dir === "header" && "msg" in entry ? entry.msg : null
    const scripted = window.hasFacts(line.place.file)
    if (scripted !== this.#stage.scripted) this.#sidecar.forgetAll()
    this.#stage.scripted = scripted
    this.#stage.tell({ kind: "file", file: line.place.file, header })
  }

  #reach({ entry, place }: Recorded): void {
    const { scripted } = this.#stage
    if (scripted && beginsLife(entry)) this.#sidecar.end()
    this.#passTo(entry, place)
    if (scripted && isDoing(entry)) this.#sidecar.facts.goOn(entry)
    this.#stage.window.take()
    this.#last_t = entry.t
    const { doing, next } = this.#stage.window
    this.#stage.isCutHere = scripted ? doing === undefined : next === undefined || isIdentify(next)
    this.#follower.follow(entry, place)
    this.#sidecar.drain()
    this.#sidecar.settle()
    if (scripted && (next === undefined || beginsLife(next))) this.#sidecar.cut()
    if (!scripted && isIdentify(next)) this.#follower.breakOff()
    this.#comparison.settle()
  }

  #passTo(entry: Entry, place: Place): void {
    if (entry.dir === "local" && "msg" in entry && entry.msg._tag === "ClockJumped") {
      this.#stage.jumpClock(entry.msg.by_ms)
    }
    const ms = entry.t - this.#stage.wall()
    if (ms < -limits.set_back_ms) {
      this.#stage.note(
        `this line is ${Math.round(-ms)} ms earlier than the one before it: the clock was set back`,
        place
      )
      this.#stage.setClock(entry.t)
    }
    this.#pass(Math.min(Math.max(0, ms), limits.gap_ms))
    if (ms > limits.gap_ms) {
      this.#stage.note(`nothing for ${Math.round(ms)} ms: only ${limits.gap_ms} ms of them are replayed`, place)
      this.#stage.setClock(entry.t)
    }
  }

  #pass(ms: number): void {
    const { timeline } = this.#stage
    const until = timeline.now + ms
    while (timeline.advance(until)) this.#sidecar.drain()
    timeline.now = Math.max(timeline.now, until)
  }
}
