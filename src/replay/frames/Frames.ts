import * as Predicate from "effect/Predicate"
import type { ActorEvent } from "../../services/Observer.ts"
import type { Entry } from "../format.ts"
import type { Expectation } from "../frameOut.ts"
import { limits } from "../limits.ts"
import type { Line } from "../Line.ts"
import { capabilitiesOf } from "../policy.ts"
import type { Place } from "../ReplayEvent.ts"
import type { Script } from "../Script.ts"
import type { AgentOptions } from "./agentOptions.ts"
import { Comparison } from "./Comparison.ts"
import { Link } from "./Link.ts"
import { Sidecar } from "./Sidecar.ts"
import { Stage } from "./Stage.ts"
import { isIdentify } from "./Window.ts"

type FrameOut = Extract<Entry, { readonly dir: "out" }>

export interface FramesParts {
  readonly script: Script
  readonly agent: AgentOptions
  readonly expectation: Expectation
  readonly observe: (event: ActorEvent) => void
}

/** Replays a recording of frames alone, as another client made it: what they do not tell is made up from what they do. */
export class Frames {
  readonly #stage: Stage
  readonly #script: Script
  readonly #comparison: Comparison
  readonly #link: Link
  readonly #sidecar: Sidecar
  #begun = false
  #last_t: number | null = null

  constructor({ agent, expectation, observe, script }: FramesParts) {
    const stage = new Stage(script.add)
    this.#stage = stage
    this.#script = script
    this.#comparison = new Comparison(stage.window, script, expectation)
    const link = new Link(stage, this.#comparison, observe)
    this.#link = link
    this.#sidecar = new Sidecar({
      stage,
      link,
      agent,
      observe,
      ended: () => {
        this.#comparison.close()
        link.hangUp()
      }
    })
  }

  take(line: Line): void {
    this.#stage.window.add(line)
    while (this.#stage.window.isFull) this.#next()
  }

  /** There are no more lines: what this version would do next is told, as far as that is certain without a hub and an agent. */
  end(): void {
    while (this.#next());
    const stage = this.#stage
    const note = this.#script.reserve()
    const told = this.#script.length
    stage.isCutHere = true
    const ended = stage.wall()
    if (this.#sidecar.lives) stage.agenda.pass(limits.tail_ms)
    if (this.#script.length === told) stage.setClock(ended)
    const text = `the recording ends here; what follows is this version's own, for ${limits.tail_ms} ms at the most`
    note.event = this.#script.length > told
      ? { t: this.#last_t ?? stage.wall(), kind: "note", text, place: null }
      : null
    this.#sidecar.end()
    this.#comparison.close()
  }

  #next(): boolean {
    const { window } = this.#stage
    const line = window.first
    if (line === undefined) return false
    // What comes before the line may look ahead to it.
    if ("entry" in line) this.#passTo(line.entry.t, line.place)
    window.take()
    if ("entry" in line) this.#reach(line.entry, line.place)
    else this.#stage.note(line.problem, line.place)
    return true
  }

  #reach(entry: Entry, place: Place): void {
    const stage = this.#stage
    this.#last_t = entry.t
    const { next } = stage.window
    stage.isCutHere = next === undefined || isIdentify(next)
    if (entry.dir === "in") {
      this.#ensureLife(entry, place)
      this.#link.hear(entry, place)
    } else if (entry.dir === "out") this.#frameOut(entry, place)
    stage.agenda.pass(0)
    if (isIdentify(next)) this.#breakOff()
    this.#comparison.settle(stage.wall())
  }

  #passTo(t: number, place: Place): void {
    const stage = this.#stage
    if (!this.#begun) stage.setClock(t)
    this.#begun = true
    const ms = t - stage.wall()
    if (ms < -limits.set_back_ms) {
      stage.note(`this line is ${Math.round(-ms)} ms earlier than the one before it: the clock was set back`, place)
      stage.setClock(t)
    }
    stage.agenda.pass(Math.min(Math.max(0, ms), limits.gap_ms))
    if (ms > limits.gap_ms) {
      stage.note(`nothing for ${Math.round(ms)} ms: only ${limits.gap_ms} ms of them are replayed`, place)
      stage.setClock(t)
    }
  }

  #frameOut(entry: FrameOut, place: Place): void {
    const connects = isIdentify(entry)
    if (connects) this.#prepare(entry)
    else this.#ensureLife(entry, place)
    this.#comparison.sent({ t: entry.t, msg: entry.msg, place })
    if (connects) this.#link.open()
    else this.#sidecar.standIn.toldOf(entry.msg)
  }

  /**
   * An identification that comes next tells that the connection was lost, and what follows it whether the daemon was: both
   * is taken to have been right after the last frame.
   */
  #breakOff(): void {
    this.#comparison.close()
    if (this.#recoversNext()) this.#sidecar.end()
    else this.#link.close()
  }

  #recoversNext(): boolean {
    const [, ...later] = this.#stage.window.entries()
    for (const entry of later) {
      if (isIdentify(entry)) return false
      if (entry.dir === "out" && entry.msg["type"] === "task_recovering") return true
    }
    return false
  }

  #prepare({ msg }: FrameOut): void {
    const { identity } = this.#link
    const agent_id = Predicate.isString(msg["agent_id"]) ? msg["agent_id"] : identity.agent_id
    if (agent_id !== identity.agent_id) this.#sidecar.forgetAll()
    this.#link.identity = { ...identity, agent_id, capabilities: capabilitiesOf(msg["capabilities"]) }
    if (!this.#sidecar.lives) this.#sidecar.start()
  }

  /** A recording may begin in the middle: then nothing is known of what was owed, and the connection is there already. */
  #ensureLife(entry: Entry, place: Place): void {
    if (this.#sidecar.lives || this.#sidecar.isOver) return
    const stage = this.#stage
    stage.note("the recording begins in the middle of a life: nothing is known of what was owed then", place)
    stage.isImprovised = true
    this.#sidecar.start()
    if (!isIdentify(entry)) {
      this.#link.open()
      stage.agenda.pass(limits.hub_answers_in_ms)
    }
    stage.isImprovised = false
  }
}
