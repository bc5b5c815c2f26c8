import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { HubCommand } from "../../domain/Command.ts"
import type { HubMessage } from "../../domain/Message.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { limits as rules } from "../../limits.ts"
import type { Incoming } from "../../protocol/incoming.ts"
import { encodeCommand, type Identity } from "../../protocol/outgoing.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { frameIn } from "../frameOut.ts"
import { type FrameIn, heardFrame, incomingOf } from "../heardFrame.ts"
import { limits } from "../limits.ts"
import type { Place } from "../ReplayEvent.ts"
import type { Planned } from "./Agenda.ts"
import type { Comparison } from "./Comparison.ts"
import { hubAnswer } from "./hubAnswer.ts"
import type { Stage } from "./Stage.ts"

type Phase = "down" | "connected" | "identifying" | "identified"

/** The connection that recorded frames tell of, and what stands in for the hub where they have no answer. */
export class Link {
  identity: Identity = { agent_id: "", token: Redacted.make("[REDACTED]"), capabilities: [] }
  readonly #stage: Stage
  readonly #comparison: Comparison
  readonly #observe: (event: ActorEvent) => void
  #phase: Phase = "down"
  #connections = 0
  #hears: ((message: HubMessage) => void) | null = null
  #reconnection: Planned | null = null

  constructor(stage: Stage, comparison: Comparison, observe: (event: ActorEvent) => void) {
    this.#stage = stage
    this.#comparison = comparison
    this.#observe = observe
  }

  /** The rules want a connection. */
  wanted(hears: (message: HubMessage) => void): void {
    this.#hears = hears
  }

  /** The rules want none, or there are none. */
  hangUp(): void {
    this.#stage.agenda.callOff(this.#reconnection)
    this.#phase = "down"
    this.#hears = null
  }

  /** A connection opens, where this version wants one. */
  open(): void {
    this.#stage.agenda.callOff(this.#reconnection)
    if (this.#hears === null) return
    this.close()
    this.#phase = "connected"
    this.#connections++
    this.#hears({ _tag: "Connected" })
  }

  /** The connection ends, where there is one. */
  close(): void {
    if (this.#phase === "down") return
    this.#phase = "down"
    this.#hears?.({ _tag: "Disconnected", half_open: false })
  }

  /** This version ends the connection, and opens another soon after unless the recording has one. */
  reconnect(): void {
    const { agenda, window } = this.#stage
    if (this.#phase === "down") return
    agenda.after(0, () => this.close())
    const identify = window.ahead("identify")
    if (identify !== undefined && identify.t <= this.#stage.wall() + limits.connect_ahead_ms) return
    this.#stage.agenda.callOff(this.#reconnection)
    this.#reconnection = agenda.after(rules.reconnect_first_ms, () => this.open())
  }

  /** Hears a frame of the hub; without a place it is one that stands in for an answer. */
  hear(entry: FrameIn, place: Place | null): void {
    heardFrame(entry, place, { tell: this.#stage.emit, unheard: this.#phase === "down" })
    if (this.#phase === "down") return
    if ("msg" in entry) this.#observe({ _tag: "FrameIn", text: JSON.stringify(entry.msg) })
    const incoming = incomingOf(entry)
    if (Result.isSuccess(incoming)) this.#take(incoming.success)
  }

  #take(incoming: Incoming): void {
    const isIdentified = this.#phase === "identified"
    switch (incoming._tag) {
      case "Identified":
        this.#phase = "identified"
        if (isIdentified) return
        this.#stage.tell({ kind: "log", log: { event: "identified" } })
        return this.#hears?.(incoming)
      case "IdentifyRefused":
        return this.close()
      case "HubRefused":
        return isIdentified ? this.#hears?.(incoming) : this.close()
      case "AgentLeft":
        return isIdentified && incoming.agent_id === this.identity.agent_id
          ? this.#hears?.({ _tag: "HubLostUs" })
          : undefined
      case "Ignored":
      case "Pong":
        return
      default:
        return this.#hears?.(incoming)
    }
  }

  /** Sends a frame as a session does: `Identify` once and first, the others once the hub has answered it. */
  send(command: HubCommand): void {
    if (this.#phase !== (command._tag === "Identify" ? "connected" : "identified")) return
    if (command._tag === "Identify") this.#phase = "identifying"
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.identity)))
    if (frame === undefined || Buffer.byteLength(frame) > rules.max_sent_frame_bytes) {
      this.#hears?.({ _tag: "HubRefused", error: "invalid_json", message_type: null, unknown_type: false })
      return
    }
    this.#observe({ _tag: "FrameOut", text: frame })
    if (!this.#isAnswered(frameIn(frame))) this.#standIn(command)
  }

  #isAnswered(frame: JsonObject): boolean {
    const { isCutHere, isImprovised } = this.#stage
    const t = this.#stage.wall()
    if (!isImprovised) return this.#comparison.sends(frame, t, isCutHere)
    this.#comparison.improvises(frame, t)
    return false
  }

  /** The recorded client did not send that: what stands in for the hub answers, unless the connection is cut here. */
  #standIn(command: HubCommand): void {
    const { agenda, isCutHere, window } = this.#stage
    if (isCutHere && window.next !== undefined) return
    const msg = hubAnswer(command, this.identity.agent_id, window, this.#stage.wall())
    if (msg === null) return
    const connection = this.#connections
    agenda.after(limits.hub_answers_in_ms, () => {
      if (this.#phase === "down" || this.#connections !== connection) return
      this.hear({ t: this.#stage.wall(), dir: "in", msg }, null)
    })
  }
}
