import { domainLimits } from "../../src/domain/limits.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import type { World } from "./world.ts"

const ordered: ReadonlySet<string> = new Set(["AcceptTask", "RejectTask", "AskRecovery", "ReportState", "SendReport"])
const unordered: ReadonlySet<string> = new Set(["SendProgress", "SendWakeResult"])
const answers: ReadonlySet<string> = new Set([
  "TaskAcknowledged",
  "TaskContinued",
  "TaskReassigned",
  "StateReportAnswered",
  "HubRefused",
  "RateLimited"
])

/** Frames that are answered only when they are refused, and then beside the order. */
const news: ReadonlySet<string | null> = new Set(["progress", "wake_result", "another"])

interface Outstanding {
  readonly tag: string
  readonly at: number
}

/** Whether frames that are answered go one at a time, and nothing beside them, nor before the hub wants it. */
export class ExchangeOrder {
  readonly #world: World
  #outstanding: Outstanding | null = null
  #limited: (Outstanding & { readonly until: number }) | null = null

  constructor(world: World) {
    this.#world = world
  }

  forget(): void {
    this.#outstanding = null
    this.#limited = null
  }

  /** Whether a frame of ours has not been answered, or has to wait. */
  get waits(): boolean {
    return this.#waiting !== null || (this.#limited !== null && this.#world.now < this.#limited.until)
  }

  /** A hub that does not answer a rejection has taken it. */
  get #waiting(): Outstanding | null {
    const waiting = this.#outstanding
    const isOver = waiting?.tag === "RejectTask" && this.#world.now - waiting.at >= domainLimits.answer_timeout_ms
    return isOver ? null : waiting
  }

  get unanswered(): string | null {
    const waiting = this.#outstanding
    return waiting === null || waiting.tag === "RejectTask" ? null : `${waiting.tag} at ${waiting.at}`
  }

  get limited(): string | null {
    return this.#limited === null ? null : `${this.#limited.tag} at ${this.#limited.at}`
  }

  told(message: HubMessage): void {
    const { _tag } = message
    if (_tag === "Connected" || _tag === "Disconnected") return this.forget()
    if (_tag === "RateLimited" && message.of_ping === true) return
    if (!answers.has(_tag) || (_tag === "HubRefused" && news.has(message.frame))) return
    // One that waits for its time is what another limit is taken for; any other answer shows that it was not limited itself.
    const waiting = this.#waiting ?? (_tag === "RateLimited" ? this.#limited : null)
    this.#limited = null
    if (_tag === "RateLimited" && waiting !== null) {
      const wait = Math.min(
        domainLimits.rate_limit_max_ms,
        Math.max(domainLimits.rate_limit_min_ms, message.retry_after_ms)
      )
      const { now } = this.#world
      this.#limited = { tag: waiting.tag, at: now, until: now + wait }
    }
    this.#outstanding = null
  }

  sent(tag: string): void {
    const { now } = this.#world
    const waiting = this.#waiting
    if (!ordered.has(tag) && !unordered.has(tag)) return
    if (waiting !== null) {
      this.#world.violate(`${tag} is sent while ${waiting.tag} waits for its answer`)
    }
    if (this.#limited !== null && now < this.#limited.until) {
      this.#world.violate(`${tag} is sent ${this.#limited.until - now} ms before the hub takes frames again`)
    }
    this.#limited = null
    if (ordered.has(tag)) this.#outstanding = { tag, at: now }
  }
}
