import { Fifo } from "./Fifo.ts"
import type { ReplayEvent } from "./ReplayEvent.ts"

/** A place in the order of events; `undefined` until it is decided what stands there, `null` where nothing does. */
export interface Slot {
  event: ReplayEvent | null | undefined
}

/** The events in their order. What comes after one that is not decided yet waits for it. */
export class Script {
  readonly #slots = new Fifo<Slot>()

  get length(): number {
    return this.#slots.length
  }

  readonly add = (event: ReplayEvent): void => this.#slots.push({ event })

  reserve(): Slot {
    const slot: Slot = { event: undefined }
    this.#slots.push(slot)
    return slot
  }

  /** The events up to the first that is not decided. */
  take(): ReadonlyArray<ReplayEvent> {
    const events: Array<ReplayEvent> = []
    for (let slot = this.#slots.at(0); slot?.event !== undefined; slot = this.#slots.at(0)) {
      if (slot.event !== null) events.push(slot.event)
      this.#slots.shift()
    }
    return events
  }
}
