import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Queue from "effect/Queue"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { HubCommand } from "../../domain/Command.ts"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import type { HubMessage, Whereabouts } from "../../domain/Message.ts"
import type { JsonObject } from "../../domain/Task.ts"
import { limits as ours } from "../../limits.ts"
import { decodeFrame, type Incoming } from "../../protocol/incoming.ts"
import { encodeCommand, type Identity } from "../../protocol/outgoing.ts"
import type { Hub } from "../../services/Hub.ts"
import { limits } from "../limits.ts"
import type { Place } from "../ReplayEvent.ts"
import { cancel, type Planned } from "../virtual/Timeline.ts"
import type { Calls } from "./Calls.ts"
import { hubAnswer } from "./hubAnswer.ts"
import type { Stage } from "./Stage.ts"
import { factKey, frameKey } from "./Window.ts"

/** What takes the place of the token, which no recording holds. */
export const no_token = Redacted.make("<redacted>")

const parsed = (text: string): JsonObject => {
  const value: unknown = JSON.parse(text)
  return Predicate.isObject(value) ? { ...value } : {}
}

/** The connection to the hub as the recording tells of it. Nothing leaves this process. */
export class HubReplay {
  identity: Identity = { agent_id: "unknown", token: no_token, capabilities: [] }
  readonly #stage: Stage
  readonly #calls: Calls
  readonly #sent: (frame: JsonObject) => boolean
  #phase: "down" | "connected" | "identifying" | "identified" = "down"
  #listener: ((message: HubMessage) => void) | null = null
  #connections = 0
  #reconnection: Planned | null = null

  constructor(stage: Stage, calls: Calls, sent: (frame: JsonObject) => boolean) {
    this.#stage = stage
    this.#calls = calls
    this.#sent = sent
  }

  get isOpen(): boolean {
    return this.#phase !== "down"
  }

  /** A connection opens; false where this version wants none. */
  open(): boolean {
    if (this.#listener === null) return false
    cancel(this.#reconnection)
    if (this.isOpen) this.close(false)
    this.#phase = "connected"
    this.#connections++
    this.#listener({ _tag: "Connected" })
    return true
  }

  /** The connection ends; false where there is none. */
  close(half_open: boolean): boolean {
    if (!this.isOpen) return false
    this.#phase = "down"
    this.#listener?.({ _tag: "Disconnected", half_open })
    return true
  }

  lifeOver(): void {
    cancel(this.#reconnection)
    this.#phase = "down"
    this.#listener = null
  }

  /** Hears a frame of the hub as a connection does; false where there is no connection to hear it. */
  hear(text: string, place: Place | null): boolean {
    if (!this.isOpen || this.#listener === null) return false
    Result.match(decodeFrame(text), {
      onFailure: ({ reason }) => this.#log({ event: "frame_undecodable", reason, excerpt: "" }),
      onSuccess: (incoming) => this.#take(incoming, place)
    })
    return true
  }

  #log(log: LifecycleEvent): void {
    this.#stage.tell({ kind: "log", log })
  }

  #take(incoming: Incoming, place: Place | null): void {
    switch (incoming._tag) {
      case "Identified":
        return this.#identified()
      case "IdentifyRefused":
        return this.#refused(incoming.reason)
      case "HubRefused":
        return this.#phase === "identified" ? this.#listener?.(incoming) : this.#refused(incoming.error)
      case "AgentLeft": {
        const isUs = this.#phase === "identified" && incoming.agent_id === this.identity.agent_id
        return isUs ? this.#listener?.({ _tag: "HubLostUs" }) : undefined
      }
      case "Ignored":
        if (incoming.known) return
        this.#stage.note(`the hub sent ${incoming.type}, a type of frame that this version does not know`, place)
        return this.#log({ event: "frame_ignored", type: incoming.type })
      case "Pong":
        return
      default:
        return this.#listener?.(incoming)
    }
  }

  #identified(): void {
    if (this.#phase === "identified") return
    this.#phase = "identified"
    this.#log({ event: "identified" })
    this.#listener?.({ _tag: "Identified" })
  }

  /** The hub does not want us. Where the recording has facts, the end of the connection is one of them. */
  #refused(reason: string): void {
    this.#log({ event: "identify_refused", reason })
    if (!this.#stage.scripted) this.close(false)
  }

  #send(command: HubCommand): void {
    const isTurn = command._tag === "Identify" ? this.#phase === "connected" : this.#phase === "identified"
    if (!isTurn) return
    if (command._tag === "Identify") this.#phase = "identifying"
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.identity)))
    if (frame === undefined || Buffer.byteLength(frame) > ours.max_sent_frame_bytes) {
      this.#listener?.({ _tag: "HubRefused", error: "invalid_json", message_type: null, unknown_type: false })
    } else if (!this.#sent(parsed(frame))) this.#standIn(command)
  }

  /** The recorded sidecar did not send that: what stands in for the hub answers, unless the connection is cut here. */
  #standIn(command: HubCommand): void {
    const isCut = this.#stage.isCutHere && this.#stage.window.next !== undefined
    const msg = isCut ? null : hubAnswer(command, this.identity.agent_id, this.#stage)
    if (msg === null) return
    const connection = this.#connections
    this.#stage.timeline.after(limits.hub_answers_in_ms, () => {
      if (!this.isOpen || this.#connections !== connection) return
      this.#stage.tell({ kind: "frame", dir: "in", msg, unheard: false, place: null })
      this.hear(JSON.stringify(msg), null)
    })
  }

  /** This version ends the connection: as the recording tells, or at once and with another soon after. */
  #reconnect(reason: string): void {
    if (!this.isOpen) return
    const { scripted, timeline, window } = this.#stage
    const recorded = scripted && this.#stage.hasOutcome([factKey("Disconnected")], limits.disconnect_ms)
    this.#stage.tell({ kind: "action", action: "reconnect", task_id: null, verdict: this.#stage.verdictOn(recorded) })
    this.#log({ event: "reconnecting", reason })
    if (recorded) return
    timeline.after(0, () => this.close(false))
    const identify = scripted ? undefined : window.ahead(frameKey("identify"))
    if (identify !== undefined && identify.entry.t <= this.#stage.wall() + limits.connect_ahead_ms) return
    cancel(this.#reconnection)
    this.#reconnection = timeline.after(ours.reconnect_first_ms, () => this.open())
  }

  readonly service: Hub["Service"] = {
    messages: Stream.callback<HubMessage>((queue) =>
      Effect.callback<never>(() => {
        this.#listener = (message) => void Queue.offerUnsafe(queue, message)
        return Effect.sync(() => this.lifeOver())
      }), { bufferSize: limits.hub_messages, strategy: "dropping" }),
    send: (command) => Effect.sync(() => this.#send(command)),
    reconnect: (reason) => Effect.sync(() => this.#reconnect(reason)),
    lookUp: (task_id) =>
      this.#calls.ask<Whereabouts>({
        keys: [factKey("TaskLookedUp", task_id)],
        within_ms: limits.outcome_ms,
        begins: (verdict) => this.#stage.tell({ kind: "action", action: "look_up", task_id, verdict }),
        outcome: (fact) => Effect.succeed(fact._tag === "TaskLookedUp" ? fact.whereabouts : "unknown"),
        otherwise: Effect.succeed("unknown")
      })
  }
}
