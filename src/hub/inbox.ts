import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { WebSocket } from "ws"
import { limits } from "../limits.ts"
import type { SocketEvent } from "./socket.ts"

export interface Arrival {
  readonly event: SocketEvent
  readonly bytes: number
}

/** The frames between the network and their reader, bounded in bytes: over the mark the network has to wait. */
export class Inbox {
  readonly #arrivals: Queue.Queue<Arrival>
  #unread_bytes = 0
  /** What may be read at once; it fills up with the time. */
  #allowed_bytes: number = limits.inbox_burst_bytes
  #counted_at = 0
  closing = false

  constructor(arrivals: Queue.Queue<Arrival>) {
    this.#arrivals = arrivals
  }

  get hasUnread(): boolean {
    return this.#unread_bytes > 0
  }

  put(arrival: Arrival): void {
    this.#unread_bytes += arrival.bytes
    Queue.offerUnsafe(this.#arrivals, arrival)
  }

  /** Takes a frame from the network. */
  take(ws: WebSocket, arrival: Arrival): void {
    if (this.closing) return
    this.put(arrival)
    if (this.#unread_bytes >= limits.inbox_high_water_bytes) ws.pause()
  }

  /** The next event, which opens the network again once half of the room is free. */
  receive(ws: WebSocket): Effect.Effect<SocketEvent> {
    return Effect.map(Effect.andThen(this.#pace, Queue.take(this.#arrivals)), ({ bytes, event }) => {
      this.#unread_bytes -= bytes
      this.#allowed_bytes -= bytes
      if (ws.isPaused && this.#unread_bytes < limits.inbox_high_water_bytes / 2) ws.resume()
      return event
    })
  }

  /** Waits where more came than a hub has to say: a flood would cost a processor, and 200 MB that V8 gives back late. */
  readonly #pace: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const grown = this.#allowed_bytes + Math.max(0, now - this.#counted_at) * limits.inbox_bytes_a_ms
    this.#allowed_bytes = Math.min(limits.inbox_burst_bytes, grown)
    this.#counted_at = now
    return this.#allowed_bytes < 0 ? Effect.sleep(-this.#allowed_bytes / limits.inbox_bytes_a_ms) : Effect.void
  })
}
