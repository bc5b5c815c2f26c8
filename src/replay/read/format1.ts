import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { HubMessage, Message } from "../../domain/Message.ts"
import { KnownState } from "../../domain/SidecarState.ts"
import {
  type Entry,
  type FrameInEntry,
  type Header,
  type Line,
  messageFrom,
  type OldFact,
  type Recorded,
  type Unreadable
} from "../format.ts"
import { incomingOf, messageOf, unsendable } from "../frameEvents.ts"
import { stateNow } from "./older.ts"

const decodeDecided = Schema.decodeUnknownResult(Schema.Struct({
  on: Schema.optionalKey(Schema.String),
  commands: Schema.Array(Schema.String)
}))
const decodeState = Schema.decodeUnknownResult(Schema.Struct({ state: KnownState }))

/** A line that may be of format 1. */
export type OldLine = Omit<Recorded, "entry"> & { readonly entry: Entry | OldFact }
type OldFactLine = Omit<Recorded, "entry"> & { readonly entry: OldFact }

/**
 * Makes lines of today's format from lines of format 1. There a step is a line with its message and a line `decided`. If the
 * message came from a frame, the step is only the line `decided`. A failed save is the message after the step, so each step
 * and the lines after it are held back until the next step.
 */
export class Format1 {
  readonly #held: Array<Line> = []
  #header: Header | null = null
  #connection: "down" | "connected" | "identified" = "down"
  /** Messages from frames that no line `decided` has named yet. */
  #received: Array<HubMessage> = []

  /** Takes the next line. Returns the lines that are complete. */
  take(line: Line | OldLine): ReadonlyArray<Line> {
    if ("problem" in line) return this.#pass(line)
    const { entry } = line
    if (entry.dir === "old") return this.#takeFact({ ...line, entry })
    if (entry.dir === "header") this.#header = entry.msg
    if (entry.dir === "in") this.#takeFrame(entry)
    return entry.dir === "header" ? [...this.end(), { ...line, entry }] : this.#pass({ ...line, entry })
  }

  /** Returns the lines that are held back. */
  end(): ReadonlyArray<Line> {
    return this.#held.splice(0)
  }

  #pass(line: Line): ReadonlyArray<Line> {
    if (this.#held.length === 0) return [line]
    this.#held.push(line)
    return []
  }

  #takeFact(line: OldFactLine): ReadonlyArray<Line> {
    const { entry: { fields, type } } = line
    switch (type) {
      case "connection_opened":
        this.#connection = "connected"
        return []
      case "connection_closed":
        this.#connection = "down"
        return []
      case "frame_unsendable":
        this.#received.push(unsendable)
        return []
      case "decided":
        return this.#takeDecided(line)
      case "continued":
        return this.#takeContinued(line)
      default: {
        const message = messageFrom(type, fields)
        if (message === null) return this.#pass(withEntry(line, { t: line.entry.t, dir: "local", unknown: type }))
        return Result.match(message, {
          onFailure: (problem) => this.#pass(unreadable(line, problem)),
          onSuccess: (msg) => this.#takeStep(line, msg)
        })
      }
    }
  }

  /** Holds the step back. The lines before it are complete. */
  #takeStep(line: OldFactLine, msg: Message): ReadonlyArray<Line> {
    if (msg._tag === "Restarted") [this.#connection, this.#received] = ["down", []]
    const done = this.end().map((held) => msg._tag === "SaveFailed" ? asUnsaved(held) : held)
    this.#held.push(withEntry(line, { t: line.entry.t, dir: "step", msg, told: null, saved: true }))
    return done
  }

  #takeDecided(line: OldFactLine): ReadonlyArray<Line> {
    const decided = decodeDecided(line.entry.fields)
    if (Result.isFailure(decided)) return this.#pass(unreadable(line, "decided is not as it should be"))
    const { on } = decided.success
    if (on === undefined) return []
    const index = this.#received.findIndex(({ _tag }) => _tag === on)
    const message = this.#received.splice(0, index + 1).at(-1)
    return message === undefined
      ? this.#pass(unreadable(line, `no frame before it has the message ${on}`))
      : this.#takeStep(line, message)
  }

  /** The state of a life that begins in an older file. Since format 2 the header has it. */
  #takeContinued(line: OldFactLine): ReadonlyArray<Line> {
    const told = decodeState({ state: stateNow(line.entry.fields["state"]) })
    if (Result.isFailure(told)) return this.#pass(unreadable(line, "continued is not as it should be"))
    if (this.#header === null) return []
    if (this.#connection === "down") this.#connection = told.success.state.connection.phase
    const msg = { ...this.#header, ...told.success, continues: true }
    return [...this.end(), withEntry(line, { t: line.entry.t, dir: "header", msg })]
  }

  #takeFrame(entry: FrameInEntry): void {
    const incoming = incomingOf(entry)
    if (Result.isFailure(incoming)) return
    const isIdentified = this.#connection === "identified"
    const message = messageOf(incoming.success, { agent_id: this.#header?.agent_id, isIdentified })
    if (message !== null) this.#received.push(message)
    if (incoming.success._tag === "Identified") this.#connection = "identified"
  }
}

const withEntry = ({ bytes, place }: OldFactLine, entry: Entry): Recorded => ({ place, bytes, entry })

const unreadable = ({ bytes, place }: OldFactLine, problem: string): Unreadable => ({
  place,
  bytes,
  problem: `this line is left out: ${problem}`
})

const asUnsaved = (line: Line): Line =>
  "entry" in line && line.entry.dir === "step" ? { ...line, entry: { ...line.entry, saved: false } } : line
