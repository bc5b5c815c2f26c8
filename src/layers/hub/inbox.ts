import type * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { WebSocket } from "ws"
import { limits } from "../../limits.ts"
import type { SocketEvent } from "./socket.ts"

export interface Arrival {
  readonly event: SocketEvent
  readonly bytes: number
}

/**
 * The frames between the network and their reader. The network has to wait while more than the mark is unread, and where more
 * comes for long than a hub has to say: a flood would cost a processor, and 200 MB that V8 gives back late.
 */
export class Inbox {
  readonly #arrivals: Queue.Queue<Arrival>
  readonly #clock: Clock.Clock
  #unread_bytes = 0
  /** What may still come at once; it fills up with the time. */
  #allowed_bytes: number = limits.inbox_burst_bytes
  #counted_at: number
  #waiting: NodeJS.Timeout | undefined
  closing = false

  constructor(arrivals: Queue.Queue<Arrival>, clock: Clock.Clock) {
    this.#arrivals = arrivals
    this.#clock = clock
    this.#counted_at = clock.currentTimeMillisUnsafe()
  }

  get hasUnread(): boolean {
    return this.#unread_bytes > 0
  }

  put(arrival: Arrival): void {
    this.#unread_bytes += arrival.bytes
    Queue.offerUnsafe(this.#arrivals, arrival)
  }

  /** Takes a frame from the network, which is paused where it has to wait. */
  take(ws: WebSocket, arrival: Arrival): void {
    if (this.closing) return
    this.put(arrival)
    const now = this.#clock.currentTimeMillisUnsafe()
    const grown = this.#allowed_bytes + Math.max(0, now - this.#counted_at) * limits.inbox_bytes_a_ms
    this.#allowed_bytes = Math.min(limits.inbox_burst_bytes, grown) - arrival.bytes
    this.#counted_at = now
    if (this.#allowed_bytes < 0) this.#waitFor(ws, -this.#allowed_bytes / limits.inbox_bytes_a_ms)
    if (this.#unread_bytes >= limits.inbox_high_water_bytes) ws.pause()
  }

  /** The next event, which opens the network again once half of the room is free. */
  receive(ws: WebSocket): Effect.Effect<SocketEvent> {
    return Effect.map(Queue.take(this.#arrivals), ({ bytes, event }) => {
      this.#unread_bytes -= bytes
      this.#resume(ws)
      return event
    })
  }

  #waitFor(ws: WebSocket, ms: number): void {
    ws.pause()
    clearTimeout(this.#waiting)
    this.#waiting = setTimeout(() => {
      this.#waiting = undefined
      this.#resume(ws)
    }, ms).unref()
  }

  #resume(ws: WebSocket): void {
    const hasRoom = this.#unread_bytes < limits.inbox_high_water_bytes / 2
    if (ws.isPaused && hasRoom && this.#waiting === undefined) ws.resume()
  }
}
