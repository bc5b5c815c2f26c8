import * as Predicate from "effect/Predicate"
import type { Entry, FrameOutEntry, Line, Place } from "../format.ts"
import { capabilitiesOf } from "../Life.ts"
import { limits } from "../limits.ts"
import type { ReplayOptions } from "../Replay.ts"
import type { EventQueue } from "../ReplayEvent.ts"
import { FrameComparison } from "./FrameComparison.ts"
import { FramesContext, isIdentify } from "./FramesContext.ts"
import { HubConnection } from "./HubConnection.ts"
import { Sidecar } from "./Sidecar.ts"

/** Replays a recording of frames only, from another client. It assumes what the frames do not tell. */
export class Frames {
  readonly #context: FramesContext
  readonly #queue: EventQueue
  readonly #comparison: FrameComparison
  readonly #connection: HubConnection
  readonly #sidecar: Sidecar
  #last_t: number | null = null
  #hasStarted = false

  constructor({ agent, expectation, observe }: ReplayOptions, queue: EventQueue) {
    const context = new FramesContext(queue.add)
    const comparison = new FrameComparison(context.lookahead, queue, expectation)
    const connection = new HubConnection(context, comparison, observe)
    const onEnd = () => {
      comparison.close()
      connection.disable()
    }
    this.#context = context
    this.#queue = queue
    this.#comparison = comparison
    this.#connection = connection
    this.#sidecar = new Sidecar({ context, connection, options: agent, observe, onEnd })
  }

  take(line: Line): void {
    const { lookahead } = this.#context
    lookahead.add(line)
    while (lookahead.isFull) this.#replayNext()
  }

  /** Ends the replay after the last line: shows what this version does next without a hub, and compares the rest. */
  end(): void {
    while (this.#replayNext());
    const context = this.#context
    const note = this.#queue.reserve()
    const length = this.#queue.length
    context.isLastOfConnection = true
    const ended = context.wallTime()
    if (this.#sidecar.isAlive) context.scheduler.advance(limits.tail_ms)
    if (this.#queue.length === length) context.setClock(ended)
    const text = `the recording ends here; what follows is this version's own, for ${limits.tail_ms} ms at the most`
    note.event = this.#queue.length > length
      ? { t: this.#last_t ?? context.wallTime(), kind: "note", text, place: null }
      : null
    this.#sidecar.end()
    this.#comparison.close()
  }

  #replayNext(): boolean {
    const { lookahead } = this.#context
    const line = lookahead.nextLine
    if (line === undefined) return false
    // The line stays in the lookahead until its time, because the agent and the hub look ahead to it.
    if ("entry" in line) this.#advanceTo(line.entry.t, line.place)
    lookahead.removeNext()
    if ("entry" in line) this.#replayEntry(line.entry, line.place)
    else this.#context.note(line.problem, line.place)
    return true
  }

  #replayEntry(entry: Entry, place: Place): void {
    const context = this.#context
    this.#last_t = entry.t
    const next = context.lookahead.nextEntry
    context.isLastOfConnection = next === undefined || isIdentify(next)
    if (entry.dir === "in") {
      this.#ensureLife(place)
      this.#connection.receive(entry, place)
    } else if (entry.dir === "out") this.#takeSent(entry, place)
    context.scheduler.advance(0)
    if (isIdentify(next)) this.#loseConnection()
    this.#comparison.settle(context.wallTime())
  }

  #advanceTo(t: number, place: Place): void {
    const context = this.#context
    if (!this.#hasStarted) context.setClock(t)
    this.#hasStarted = true
    const ms = t - context.wallTime()
    if (ms < -limits.set_back_ms) {
      context.note(`this line is ${Math.round(-ms)} ms earlier than the one before it: the clock was set back`, place)
      context.setClock(t)
    }
    context.scheduler.advance(Math.min(Math.max(0, ms), limits.gap_ms))
    if (ms > limits.gap_ms) {
      context.note(`nothing for ${Math.round(ms)} ms: only ${limits.gap_ms} ms of them are replayed`, place)
      context.setClock(t)
    }
  }

  #takeSent(entry: FrameOutEntry, place: Place): void {
    const connects = isIdentify(entry)
    if (connects) this.#prepareConnection(entry)
    else this.#ensureLife(place)
    this.#comparison.addRecorded({ t: entry.t, msg: entry.msg, place })
    if (connects) this.#connection.connect()
    else this.#sidecar.agent.follow(entry.msg)
  }

  /**
   * The next frame is an `identify`, so the connection was lost. If a `task_recovering` follows it, the daemon was restarted
   * too. The recording does not say when, so both are assumed right after the last frame.
   */
  #loseConnection(): void {
    this.#comparison.close()
    if (this.#recoversNext()) this.#sidecar.end()
    else this.#connection.disconnect()
  }

  #recoversNext(): boolean {
    const [, ...later] = this.#context.lookahead.entries()
    for (const entry of later) {
      if (isIdentify(entry)) return false
      if (entry.dir === "out" && entry.msg["type"] === "task_recovering") return true
    }
    return false
  }

  #prepareConnection({ msg }: FrameOutEntry): void {
    const { identity } = this.#connection
    const agent_id = Predicate.isString(msg["agent_id"]) ? msg["agent_id"] : identity.agent_id
    if (agent_id !== identity.agent_id) this.#sidecar.forgetAll()
    this.#connection.identity = { ...identity, agent_id, capabilities: capabilitiesOf(msg["capabilities"]) }
    if (!this.#sidecar.isAlive) this.#sidecar.start()
  }

  /** Starts a life if the recording begins in the middle of one. Then the connection is already up. */
  #ensureLife(place: Place): void {
    if (this.#sidecar.isAlive || this.#sidecar.hasExited) return
    const context = this.#context
    context.note("the recording begins in the middle of a life: its unfinished work is unknown", place)
    context.isUnrecorded = true
    this.#sidecar.start()
    this.#connection.connect()
    context.scheduler.advance(limits.hub_answers_in_ms)
    context.isUnrecorded = false
  }
}
