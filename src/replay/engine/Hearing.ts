import type { HubMessage } from "../../domain/Message.ts"
import { limits } from "../limits.ts"
import type { Stage } from "./Stage.ts"

/** What the frames of a recording have said, until the rules hear of it: a step before it may have taken its time. */
export class Hearing {
  readonly #stage: Stage
  readonly #hear: (message: HubMessage) => void
  #held: Array<HubMessage> = []
  #waits = false

  constructor(stage: Stage, hear: (message: HubMessage) => void) {
    this.#stage = stage
    this.#hear = hear
  }

  /** A frame came. Where the recording tells when the rules heard of its frames, they do so then. */
  came(message: HubMessage): void {
    this.#waits ||= this.#stage.scripted && this.#stage.window.hasHearings
    if (!this.#waits) this.#hear(message)
    else if (this.#held.length < limits.hub_messages) this.#held.push(message)
  }

  /** The rules hear what a frame has said, and what those before it have. */
  pass(tag: string): void {
    const last = this.#held.findIndex(({ _tag }) => _tag === tag)
    for (const message of this.#held.splice(0, last + 1)) this.#hear(message)
  }

  /** Whoever heard is no more. */
  forget(): void {
    this.#held = []
    this.#waits = false
  }
}
