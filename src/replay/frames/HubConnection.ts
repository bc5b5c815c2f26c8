import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type { HubCommand } from "../../domain/Command.ts"
import { domainLimits } from "../../domain/limits.ts"
import type { HubMessage } from "../../domain/Message.ts"
import type { JsonObject } from "../../domain/Work.ts"
import { encodeCommand, type Identity, max_sent_frame_bytes } from "../../protocol/outgoing.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import type { FrameInEntry, Place } from "../format.ts"
import { emitFrameIn, incomingOf, messageOf, parsedFrame, unsendable } from "../frameEvents.ts"
import { limits } from "../limits.ts"
import type { FrameComparison } from "./FrameComparison.ts"
import type { FramesContext, Lookahead } from "./FramesContext.ts"
import type { Scheduled } from "./Scheduler.ts"

/** Whether the hub assigns the task again soon. Then it has taken the task back before. */
const isTakenBack = (lookahead: Lookahead, now: number, task_id: string, generation: number): boolean => {
  const latest = now + domainLimits.assign_grace_ms
  for (const entry of lookahead.entries()) {
    if (entry.t > latest) return false
    if (entry.dir !== "in" || !("msg" in entry)) continue
    const { msg } = entry
    if (msg["type"] === "task_assign" && msg["task_id"] === task_id) return Number(msg["generation"]) > generation
  }
  return false
}

const unknownType = (message_type: string): JsonObject => ({
  type: "error",
  error: "validation_failed",
  message_type,
  errors: [{ field: "type", error: "unknown_message_type" }]
})

const acknowledged = (task_id: string, status: string): JsonObject => ({ type: "task_ack", task_id, status })

/** What a hub answers to a frame that the recorded sidecar never sent; null if it answers nothing. */
const assumedAnswer = (command: HubCommand, agent_id: string, context: FramesContext): JsonObject | null => {
  const takenBack = ({ generation, id }: { readonly generation: number; readonly id: string }) =>
    isTakenBack(context.lookahead, context.wallTime(), id, generation)
  switch (command._tag) {
    case "Identify":
      return { type: "identified", agent_id }
    case "AcceptTask":
      return acknowledged(command.task.id, "accepted")
    case "SendReport":
      return acknowledged(command.task.id, command.report._tag === "Complete" ? "complete" : "retried")
    case "AskRecovery": {
      const { generation, id: task_id } = command.task
      return takenBack(command.task)
        ? { type: "task_reassign", task_id }
        : { type: "task_continue", task_id, generation }
    }
    case "ReportState": {
      const action = takenBack(command.task) ? "abort" : "continue"
      return { type: "state_report_ack", task_id: command.task.id, action }
    }
    case "RejectTask":
      return unknownType("task_rejected")
    case "AnnounceRestart":
      return unknownType("agent_restarting")
    default:
      return null
  }
}

/** The connection in a recording of frames only. It assumes the hub's answer where the recording has none. */
export class HubConnection {
  identity: Identity = { agent_id: "", token: Redacted.make("[REDACTED]"), capabilities: [] }
  readonly #context: FramesContext
  readonly #comparison: FrameComparison
  readonly #observe: (event: ActorEvent) => void
  #phase: "down" | "connected" | "identifying" | "identified" = "down"
  #connections = 0
  #listener: ((message: HubMessage) => void) | null = null
  #reconnection: Scheduled | null = null

  constructor(context: FramesContext, comparison: FrameComparison, observe: (event: ActorEvent) => void) {
    this.#context = context
    this.#comparison = comparison
    this.#observe = observe
  }

  /** This version wants a connection from now on. */
  enable(listener: (message: HubMessage) => void): void {
    this.#listener = listener
  }

  /** This version wants no connection, or its life has ended. */
  disable(): void {
    this.#context.scheduler.cancel(this.#reconnection)
    this.#phase = "down"
    this.#listener = null
  }

  /** Opens a new connection if this version wants one. */
  connect(): void {
    this.#context.scheduler.cancel(this.#reconnection)
    if (this.#listener === null) return
    this.disconnect()
    this.#phase = "connected"
    this.#connections++
    this.#listener({ _tag: "Connected" })
  }

  /** Ends the connection if there is one. */
  disconnect(): void {
    if (this.#phase === "down") return
    this.#phase = "down"
    this.#listener?.({ _tag: "Disconnected", half_open: false })
  }

  /** Ends the connection, and opens another one soon if the recording has none. */
  reconnect(): void {
    const { lookahead, scheduler } = this.#context
    if (this.#phase === "down") return
    scheduler.after(0, () => this.disconnect())
    const identify = lookahead.nextSent("identify")
    if (identify !== undefined && identify.t <= this.#context.wallTime() + limits.connect_ahead_ms) return
    scheduler.cancel(this.#reconnection)
    this.#reconnection = scheduler.after(limits.reconnects_after_ms, () => this.connect())
  }

  /** Receives a frame of the hub. `place` is null for an assumed frame. */
  receive(entry: FrameInEntry, place: Place | null): void {
    emitFrameIn(entry, place, { emit: this.#context.emit, unheard: this.#phase === "down" })
    if (this.#phase === "down") return
    if ("msg" in entry) this.#observe({ _tag: "FrameIn", text: JSON.stringify(entry.msg) })
    const decoded = incomingOf(entry)
    if (Result.isFailure(decoded)) return
    const incoming = decoded.success
    const isIdentified = this.#phase === "identified"
    if (incoming._tag === "IdentifyRefused") return this.disconnect()
    if (incoming._tag === "HubRefused" && !isIdentified) return this.disconnect()
    if (incoming._tag === "Identified" && !isIdentified) {
      this.#phase = "identified"
      this.#context.emitNow({ kind: "log", log: { event: "identified" } })
    }
    const message = messageOf(incoming, { agent_id: this.identity.agent_id, isIdentified })
    if (message !== null) this.#listener?.(message)
  }

  /** Sends a frame as a session does: `Identify` once and first, the others after the hub has answered it. */
  send(command: HubCommand): void {
    if (this.#phase !== (command._tag === "Identify" ? "connected" : "identified")) return
    if (command._tag === "Identify") this.#phase = "identifying"
    const frame = Result.getOrUndefined(Result.try(() => encodeCommand(command, this.identity)))
    if (frame === undefined || Buffer.byteLength(frame) > max_sent_frame_bytes) {
      return this.#listener?.(unsendable)
    }
    this.#observe({ _tag: "FrameOut", text: frame })
    if (!this.#isAnswerRecorded(parsedFrame(frame))) this.#assumeAnswer(command)
  }

  #isAnswerRecorded(frame: JsonObject): boolean {
    const { isLastOfConnection, isUnrecorded } = this.#context
    const t = this.#context.wallTime()
    if (!isUnrecorded) return this.#comparison.addOurs(frame, t, isLastOfConnection)
    this.#comparison.addUnrecorded(frame, t)
    return false
  }

  /** Schedules the assumed answer of the hub, unless the recorded connection ends here. */
  #assumeAnswer(command: HubCommand): void {
    const { isLastOfConnection, lookahead, scheduler } = this.#context
    if (isLastOfConnection && lookahead.nextEntry !== undefined) return
    const msg = assumedAnswer(command, this.identity.agent_id, this.#context)
    if (msg === null) return
    const connection = this.#connections
    scheduler.after(limits.hub_answers_in_ms, () => {
      if (this.#phase === "down" || this.#connections !== connection) return
      this.receive({ t: this.#context.wallTime(), dir: "in", msg }, null)
    })
  }
}
