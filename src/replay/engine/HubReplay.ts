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
import { Hearing } from "./Hearing.ts"
import { hubAnswer } from "./hubAnswer.ts"
import { Link, type Listener } from "./Link.ts"
import type { Stage } from "./Stage.ts"
import { factKey, frameKey } from "./Window.ts"

/** What takes the place of the token, which no recording holds. */
const no_token = Redacted.make("<redacted>")

const parsed = (text: string): JsonObject => {
  const value: unknown = JSON.parse(text)
  return Predicate.isObject(value) ? { ...value } : {}
}

/** The connection to the hub as the recording tells of it. Nothing leaves this process. */
export class HubReplay {
  identity: Identity = { agent_id: "unknown", token: no_token, capabilities: [] }
  readonly link: Link
  readonly hearing: Hearing
  readonly #stage: Stage
  readonly #calls: Calls
  readonly #sent: (frame: JsonObject) => boolean
  #reconnection: Planned | null = null

  /** `post` reaches the rules also where they want no connection any more. */
  constructor(stage: Stage, calls: Calls, sent: (frame: JsonObject) => boolean, post: Listener) {
    this.#stage = stage
    this.#calls = calls
    this.#sent = sent
    this.link = new Link(post)
    this.hearing = new Hearing(stage, (message) => (this.link.listener ?? post)(message))
  }

  /** A connection opens; false where this version wants none. */
  open(): boolean {
    cancel(this.#reconnection)
    return this.link.open()
  }

  /** The rules hear of the connection that the recording tells of; false where this version has none. */
  connected(): boolean {
    cancel(this.#reconnection)
    return this.link.connected()
  }

  lifeOver(): void {
    this.#hangUp()
    this.link.forget()
    this.hearing.forget()
  }

  #hangUp(): void {
    cancel(this.#reconnection)
    this.link.hangUp()
  }

  /** Hears a frame of the hub as a connection does; false where there is no connection to hear it. */
  hear(text: string, place: Place | null): boolean {
    if (!this.link.isOpen || this.link.listener === null) return false
    Result.match(decodeFrame(text), {
      onFailure: ({ reason }) => this.#log({ event: "frame_undecodable", reason, excerpt: "" }),
      onSuccess: (incoming) =>
        this.#take(incoming, place, (message) => {
          if (place === null) this.link.listener?.(message)
          else this.hearing.came(message)
        })
    })
    return true
  }

  #log(log: LifecycleEvent): void {
    this.#stage.tell({ kind: "log", log })
  }

  #take(incoming: Incoming, place: Place | null, tell: (message: HubMessage) => void): void {
    switch (incoming._tag) {
      case "Identified":
        return this.#identified(tell)
      case "IdentifyRefused":
        return this.#refused(incoming.reason)
      case "HubRefused":
        return this.link.isIdentified ? tell(incoming) : this.#refused(incoming.error)
      case "AgentLeft": {
        const isUs = this.link.isIdentified && incoming.agent_id === this.identity.agent_id
        return isUs ? tell({ _tag: "HubLostUs" }) : undefined
      }
      case "Ignored":
        if (incoming.known) return
        this.#stage.note(`the hub sent ${incoming.type}, a type of frame that this version does not know`, place)
        return this.#log({ event: "frame_ignored", type: incoming.type })
      case "Pong":
        return
      default:
        return tell(incoming)
    }
  }

  #identified(tell: (message: HubMessage) => void): void {
    if (!this.link.identified()) return
    this.#log({ event: "identified" })
    tell({ _tag: "Identified" })
  }

  /** The hub does not want us. Where the recording has facts, the end of the connection is one of them. */
  #refused(reason: string): void {
    this.#log({ event: "identify_refused", reason })
    if (!this.#stage.scripted) this.link.close(false)
  }

  #send(command: HubCommand): void {
    if (!this.link.takes(command)) return
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.identity)))
    if (frame === undefined || Buffer.byteLength(frame) > ours.max_sent_frame_bytes) {
      this.link.listener?.({ _tag: "HubRefused", error: "invalid_json", message_type: null, unknown_type: false })
    } else if (!this.#sent(parsed(frame))) this.#standIn(command)
  }

  /** The recorded sidecar did not send that: what stands in for the hub answers, unless the connection is cut here. */
  #standIn(command: HubCommand): void {
    const isCut = this.#stage.isCutHere && this.#stage.window.next !== undefined
    const msg = isCut ? null : hubAnswer(command, this.identity.agent_id, this.#stage)
    if (msg === null) return
    const { connections } = this.link
    this.#stage.timeline.after(limits.hub_answers_in_ms, () => {
      if (!this.link.isOpen || this.link.connections !== connections) return
      this.#stage.tell({ kind: "frame", dir: "in", msg, unheard: false, place: null })
      this.hear(JSON.stringify(msg), null)
    })
  }

  /** This version ends the connection: as the recording tells, or at once and with another soon after. */
  #reconnect(reason: string): void {
    if (!this.link.isOpen) return
    const { scripted, timeline, window } = this.#stage
    const recorded = scripted && this.#stage.hasOutcome([factKey("Disconnected")], limits.disconnect_ms)
    this.#stage.tell({ kind: "action", action: "reconnect", task_id: null, verdict: this.#stage.verdictOn(recorded) })
    this.#log({ event: "reconnecting", reason })
    if (recorded) return
    timeline.after(0, () => void this.link.close(false))
    const identify = scripted ? undefined : window.ahead(frameKey("identify"))
    if (identify !== undefined && identify.entry.t <= this.#stage.wall() + limits.connect_ahead_ms) return
    cancel(this.#reconnection)
    this.#reconnection = timeline.after(ours.reconnect_first_ms, () => void this.open())
  }

  readonly service: Hub["Service"] = {
    messages: Stream.callback<HubMessage>((queue) =>
      Effect.callback<never>(() => {
        this.link.listener = (message) => void Queue.offerUnsafe(queue, message)
        return Effect.sync(() => this.#hangUp())
      }), { bufferSize: limits.hub_messages, strategy: "dropping" }),
    send: (command) => Effect.sync(() => this.#send(command)),
    reconnect: (reason) => Effect.sync(() => this.#reconnect(reason)),
    lookUp: (task_id) =>
      this.#calls.ask<Whereabouts>({
        keys: [factKey("TaskLookedUp", task_id)],
        within_ms: limits.look_up_outcome_ms,
        begins: (verdict) => this.#stage.tell({ kind: "action", action: "look_up", task_id, verdict }),
        outcome: (fact) => Effect.succeed(fact._tag === "TaskLookedUp" ? fact.whereabouts : "unknown"),
        isEndedBy: (brief) => brief.startsWith("LookUpTask "),
        otherwise: Effect.succeed("unknown")
      })
  }
}
