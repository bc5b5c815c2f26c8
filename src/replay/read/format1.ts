import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type { HubMessage, Message } from "../../domain/Message.ts"
import { KnownState } from "../../domain/SidecarState.ts"
import { type Entry, type Header, messageFrom, type OldFact } from "../format.ts"
import { incomingOf } from "../heardFrame.ts"
import type { Line, Recorded, Unreadable } from "../Line.ts"
import { stateNow } from "./older.ts"

const decodeDecided = Schema.decodeUnknownResult(Schema.Struct({
  on: Schema.optionalKey(Schema.String),
  commands: Schema.Array(Schema.String)
}))
const decodeState = Schema.decodeUnknownResult(Schema.Struct({ state: KnownState }))

/** A line of format 1 or 2. */
export type OldLine = Omit<Recorded, "entry"> & { readonly entry: Entry | OldFact }
type OldFactLine = Omit<Recorded, "entry"> & { readonly entry: OldFact }

type Link = "down" | "connected" | "identified"

/**
 * Makes lines of today's format from those of format 1. There a step was told by its message and, on the next line, by what was
 * decided on it; where a frame had told the message, only by the latter. That a step was not saved was told by the message
 * after it, so that the lines from each step on are held until the next one.
 */
export class Format1 {
  readonly #held: Array<Line> = []
  #header: Header | null = null
  #link: Link = "down"
  #heard: Array<HubMessage> = []

  /** Takes the next line; gives those that are complete. */
  take(line: Line | OldLine): ReadonlyArray<Line> {
    if ("problem" in line) return this.#pass(line)
    const { entry } = line
    if (entry.dir === "old") return this.#fact({ ...line, entry })
    if (entry.dir === "header") this.#header = entry.msg
    if (entry.dir === "in") this.#hear(entry)
    return entry.dir === "header" ? [...this.end(), { ...line, entry }] : this.#pass({ ...line, entry })
  }

  /** There are no more lines. */
  end(): ReadonlyArray<Line> {
    return this.#held.splice(0)
  }

  #pass(line: Line): ReadonlyArray<Line> {
    if (this.#held.length === 0) return [line]
    this.#held.push(line)
    return []
  }

  #fact(line: OldFactLine): ReadonlyArray<Line> {
    const { entry: { fields, type } } = line
    switch (type) {
      case "connection_opened":
        this.#link = "connected"
        return []
      case "connection_closed":
        this.#link = "down"
        return []
      case "frame_unsendable":
        this.#heard.push({ _tag: "HubRefused", error: "invalid_json", message_type: null, unknown_type: false })
        return []
      case "decided":
        return this.#decided(line)
      case "continued":
        return this.#continued(line)
      default: {
        const message = messageFrom(type, fields)
        if (message === null) return this.#pass(at(line, { t: line.entry.t, dir: "local", unknown: type }))
        return Result.match(message, {
          onFailure: (problem) => this.#pass(unreadable(line, problem)),
          onSuccess: (msg) => this.#step(line, msg)
        })
      }
    }
  }

  /** Holds the step; what was held before it is complete. */
  #step(line: OldFactLine, msg: Message): ReadonlyArray<Line> {
    if (msg._tag === "Restarted") [this.#link, this.#heard] = ["down", []]
    const done = this.end().map((held) => msg._tag === "SaveFailed" ? asUnsaved(held) : held)
    this.#held.push(at(line, { t: line.entry.t, dir: "step", msg, told: null, saved: true }))
    return done
  }

  #decided(line: OldFactLine): ReadonlyArray<Line> {
    const decided = decodeDecided(line.entry.fields)
    if (Result.isFailure(decided)) return this.#pass(unreadable(line, "decided is not as it should be"))
    const { on } = decided.success
    if (on === undefined) return []
    const index = this.#heard.findIndex(({ _tag }) => _tag === on)
    const message = this.#heard.splice(0, index + 1).at(-1)
    return message === undefined
      ? this.#pass(unreadable(line, `no frame before it tells of ${on}`))
      : this.#step(line, message)
  }

  /** The state of a life whose beginning is in an older file; a header tells it in format 2. */
  #continued(line: OldFactLine): ReadonlyArray<Line> {
    const told = decodeState({ state: stateNow(line.entry.fields["state"]) })
    if (Result.isFailure(told)) return this.#pass(unreadable(line, "continued is not as it should be"))
    if (this.#header === null) return []
    const { phase } = told.success.state.connection
    if (this.#link === "down") this.#link = phase
    const { t } = line.entry
    return [...this.end(), at(line, { t, dir: "header", msg: { ...this.#header, ...told.success, continues: true } })]
  }

  /** What the connection makes of a frame for the rules. */
  #hear(entry: Extract<Entry, { readonly dir: "in" }>): void {
    const incoming = incomingOf(entry)
    if (Result.isFailure(incoming)) return
    const { success: said } = incoming
    const isIdentified = this.#link === "identified"
    switch (said._tag) {
      case "Identified":
        if (!isIdentified) this.#heard.push(said)
        this.#link = "identified"
        return
      case "HubRefused":
        return isIdentified ? void this.#heard.push(said) : undefined
      case "AgentLeft":
        return isIdentified && said.agent_id === this.#header?.agent_id
          ? void this.#heard.push({ _tag: "HubLostUs" })
          : undefined
      case "Pong":
      case "Ignored":
      case "IdentifyRefused":
        return
      default:
        this.#heard.push(said)
    }
  }
}

const at = ({ bytes, place }: OldFactLine, entry: Entry): Recorded => ({ place, bytes, entry })

const unreadable = ({ bytes, place }: OldFactLine, problem: string): Unreadable => ({
  place,
  bytes,
  problem: `this line is left out: ${problem}`
})

const asUnsaved = (line: Line): Line =>
  "entry" in line && line.entry.dir === "step" ? { ...line, entry: { ...line.entry, saved: false } } : line
