import type { HubMessage } from "../../src/domain/Message.ts"
import { limits } from "../../src/limits.ts"
import type { World } from "./world.ts"

const ordered: ReadonlySet<string> = new Set(["AcceptTask", "RejectTask", "AskRecovery", "ReportState", "SendReport"])
const answers: ReadonlySet<string> = new Set([
  "TaskAcknowledged",
  "TaskContinued",
  "TaskReassigned",
  "StateReportAnswered",
  "HubRefused",
  "RateLimited"
])

/** Whether frames that are answered go one at a time, and nothing beside them. */
export class ExchangeOrder {
  readonly #world: World
  #outstanding: { readonly tag: string; readonly at: number } | null = null

  constructor(world: World) {
    this.#world = world
  }

  forget(): void {
    this.#outstanding = null
  }

  told({ _tag }: HubMessage): void {
    if (_tag === "Connected" || _tag === "Disconnected" || answers.has(_tag)) this.forget()
  }

  sent(tag: string): void {
    const { now } = this.#world
    const waiting = this.#outstanding
    if (!ordered.has(tag) && tag !== "SendProgress" && tag !== "SendWakeResult") return
    if (waiting !== null && !(waiting.tag === "RejectTask" && now - waiting.at >= limits.answer_timeout_ms)) {
      this.#world.violate(`${tag} is sent while ${waiting.tag} waits for its answer`)
    }
    if (ordered.has(tag)) this.#outstanding = { tag, at: now }
  }
}
