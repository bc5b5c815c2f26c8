import * as Predicate from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { JsonObject } from "../../src/dev/json.ts"
import type { HubCommand } from "../../src/domain/Command.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import { isSelfTest } from "../../src/domain/messages/selfTest.ts"
import { cooldownOf, hubTiming } from "../../src/hub/timing.ts"
import { decodeFrame, type Incoming } from "../../src/protocol/incoming.ts"
import { encodeCommand } from "../../src/protocol/outgoing.ts"
import { type HubModel, our_id } from "./hubModel.ts"
import { onTheWire } from "./latency.ts"
import type { Ledger } from "./ledger.ts"
import type { World } from "./world.ts"

const identity = { agent_id: our_id, token: Redacted.make(our_id), capabilities: [] }

/** Why we close a connection that followed a dead one, or is one. */
const recheck = "the link was dead before this one"
const unanswered = "the hub did not answer"

/** Why a connection of ours ended, and what that means for the next one. */
export interface ConnectionEnd {
  readonly half_open: boolean
  readonly identified: boolean
  /** The link before it, or this one, was dead, and that has not been looked into. */
  readonly suspicious: boolean
  readonly refused: boolean
  readonly cooldown_ms: number
}

/** What the life at our end of a connection wants to be told. */
export interface Ears {
  readonly alive: () => boolean
  readonly emit: (message: HubMessage) => void
  readonly ended: (end: ConnectionEnd) => void
}

const parsed = (text: string): JsonObject => {
  const value: unknown = JSON.parse(text)
  return Predicate.isObject(value) ? { ...value } : {}
}

/** One connection of ours: both ends of the socket and the way between them. */
export class Connection {
  phase: "connected" | "identifying" | "identified" = "connected"
  identified_at: number | null = null
  /** Nothing passes any more, and neither end has noticed. */
  dead = false
  /** The hub has said that it has lost us. */
  told_lost = false
  readonly socket: number
  readonly #world: World
  readonly #hub: HubModel
  readonly #ledger: Ledger
  readonly #ears: Ears
  #over = false
  #suspicious: boolean
  #gaveTask = false
  #lastUp = 0
  #lastDown = 0
  #losesFrames = false

  constructor(world: World, hub: HubModel, ledger: Ledger, ears: Ears, suspicious: boolean) {
    this.#suspicious = suspicious
    this.#world = world
    this.#hub = hub
    this.#ledger = ledger
    this.#ears = ears
    this.socket = hub.open({
      frame: (frame, isPush) => this.#down(frame, isPush),
      closed: (code, reason) => {
        if (code === 1011) world.violate("the hub closes the connection, as it waited too long for what we sent")
        this.#arrive(() => this.#end({ cooldown_ms: cooldownOf(code, reason) }))
      }
    })
    world.note(() => `socket ${this.socket} opens`)
    ears.emit({ _tag: "Connected" })
    this.#later(hubTiming.identify_timeout_ms, () => {
      if (this.phase !== "identified") this.leave("not identified in time")
    })
  }

  send(command: HubCommand): void {
    if (this.#over) return
    if (command._tag === "Identify" ? this.phase !== "connected" : this.phase !== "identified") return
    if (command._tag === "Identify") this.phase = "identifying"
    const text = encodeCommand(command, identity)
    this.#world.recording?.saw({ _tag: "FrameOut", text })
    const frame = parsed(text)
    this.#ledger.sent(command)
    this.#world.note(() => `we send ${describe(frame)}${this.dead ? " into the void" : ""}`)
    this.#world.moment()
    if (this.#world.faults.strikes("link_cut_at_frame")) this.#soon(() => this.cut())
    else if (this.#world.faults.strikes("link_half_open_at_frame")) this.#soon(() => this.halfOpen())
    const at = Math.max(this.#lastUp, this.#world.now + onTheWire(this.#world))
    this.#lastUp = at
    this.#world.timeline.after(at - this.#world.now, () => {
      if (!this.dead && !this.#losesFrames) this.#hub.receive(this.socket, frame)
    })
  }

  #soon(run: () => void): void {
    this.#later(this.#world.chance.between("soon", 0, 30), run)
  }

  /** Both ends notice that the connection is gone; what was on its way is lost or not. */
  cut(): void {
    if (this.#over || this.dead) return
    const { chance, faults, timeline } = this.#world
    this.#world.note(() => `socket ${this.socket} is cut`)
    const onTheirWay = this.#lastUp > this.#world.now || this.#lastDown > this.#world.now
    this.#losesFrames = onTheirWay && faults.strikes("frames_lost_with_connection")
    timeline.after(chance.between("cut", 0, 1_500), () => this.#hub.lost(this.socket))
    if (this.#losesFrames) this.#end({})
    else this.#arrive(() => this.#end({}))
  }

  /** Nothing passes any more: we notice by the missing pong, the hub when its side times out. */
  halfOpen(): void {
    if (this.dead) return
    this.dead = true
    this.#world.note(() => `socket ${this.socket} is half-open`)
    this.#hub.freeze(this.socket)
    this.#world.timeline.after(this.#world.chance.between("half open", 500, 150_000), () => this.#hub.lost(this.socket))
  }

  /** We close it. */
  leave(why: string): void {
    if (this.#over) return
    this.#world.note(() => `we close socket ${this.socket}: ${why}`)
    this.#hubIsTold()
    if (why === recheck && this.#gaveTask) {
      this.#world.violate(`socket ${this.socket}, which gave us a task, is given up`)
    }
    if (why === recheck) this.#suspicious = false
    else if (why.startsWith(unanswered)) this.#suspicious = true
    this.#end({})
  }

  /** The process at our end is gone: the system closes the socket. */
  abandon(): void {
    this.#over = true
    this.#hubIsTold()
  }

  #hubIsTold(): void {
    if (this.dead) return
    const at = Math.max(this.#lastUp, this.#world.now + onTheWire(this.#world))
    this.#world.timeline.after(at - this.#world.now, () => this.#hub.lost(this.socket))
  }

  #down(frame: JsonObject, isPush: boolean): void {
    if (isPush || talk.has(frame["type"])) this.#world.moment()
    const isLeft = this.#over || !this.#ears.alive()
    if (isLeft && frame["type"] === "message") this.#ledger.talk.goesNowhere(String(frame["id"]))
    if (isPush) this.#world.note(() => `the hub pushes ${describe(frame)}`)
    this.#arrive(() => {
      if (this.#losesFrames) return
      this.#world.note(() => `we get ${describe(frame)}`)
      const text = JSON.stringify(frame)
      const decoded = decodeFrame(text)
      if (Result.isFailure(decoded)) {
        return this.#world.violate(`a frame of the hub could not be read: ${decoded.failure.reason}`)
      }
      if (this.#isLost(decoded.success)) return
      this.#world.recording?.saw({ _tag: "FrameIn", text })
      this.#hear(decoded.success)
    })
  }

  /** What the hub sends comes in its order. */
  #arrive(run: () => void): void {
    const at = Math.max(this.#lastDown, this.#world.now + onTheWire(this.#world))
    this.#lastDown = at
    this.#world.timeline.after(at - this.#world.now, () => {
      if (!this.#over && !this.dead && this.#ears.alive()) run()
    })
  }

  #hear(incoming: Incoming): void {
    switch (incoming._tag) {
      case "Identified":
        if (this.phase === "identified") return
        this.phase = "identified"
        this.identified_at = this.#world.now
        this.#beat()
        return this.#emit({ _tag: "Identified" })
      case "Pong":
        return incoming.hub_time === null ? undefined : this.#emit({ _tag: "HubTimeTold", hub_time: incoming.hub_time })
      case "Ignored":
        return
      case "IdentifyRefused":
        this.#hubIsTold()
        return this.#end({ refused: true })
      case "AgentLeft":
        if (!this.#tellsLoss(incoming)) return
        this.told_lost = true
        return this.#emit({ _tag: "HubLostUs" })
      default:
        return this.#emit(incoming)
    }
  }

  #tellsLoss(incoming: Incoming): boolean {
    return incoming._tag === "AgentLeft" && incoming.agent_id === our_id && this.phase === "identified"
  }

  /** What follows a link that was found dead is looked at once more, should this not be told. */
  #isLost(incoming: Incoming): boolean {
    return this.#tellsLoss(incoming) && this.#suspicious && this.#world.faults.strikes("agent_left_lost")
  }

  #emit(message: HubMessage): void {
    if (message._tag === "TaskAssigned") {
      this.#suspicious = false
      this.#gaveTask = true
    } else if (message._tag === "MessageHeard" && isSelfTest(message.message, our_id)) this.#suspicious = false
    this.#ledger.told(message)
    this.#ears.emit(message)
  }

  /** The heartbeat: every 30 s a ping, and the end of the connection 10 s after one without a pong. */
  #beat(): void {
    const answers = !this.dead && this.#hub.up && this.#hub.books.sockets.has(this.socket)
    if (answers) this.#hub.heard(this.socket)
    if (answers && this.#world.talks) this.#down({ type: "pong", timestamp: Math.floor(this.#world.hubTime) }, false)
    this.#later(answers ? hubTiming.ping_interval_ms : hubTiming.pong_timeout_ms, () => {
      if (answers) return this.#beat()
      this.#world.note(() => `no pong on socket ${this.socket}`)
      this.#end({ half_open: true })
    })
  }

  #later(delay: number, run: () => void): void {
    this.#world.timeline.after(delay, () => {
      if (!this.#over && this.#ears.alive()) run()
    })
  }

  #end({ cooldown_ms = 0, half_open = false, refused = false }: Partial<ConnectionEnd>): void {
    if (this.#over) return
    this.#over = true
    this.#emit({ _tag: "Disconnected", half_open })
    const suspicious = half_open || this.#suspicious
    this.#ears.ended({ half_open, refused, cooldown_ms, suspicious, identified: this.phase === "identified" })
  }
}

/** Frames that bring a message of another agent. */
const talk: ReadonlySet<unknown> = new Set(["message", "channel_message", "room_message"])

const shown: ReadonlySet<string> = new Set([
  "type",
  "task_id",
  "generation",
  "status",
  "action",
  "error",
  "reason",
  "message_type",
  "retry_after_ms",
  "agent_id",
  "from",
  "id",
  "seq"
])

const describe = (frame: JsonObject): string =>
  Object.entries(frame).filter(([name]) => shown.has(name)).map(([, value]) => String(value)).join(" ")
