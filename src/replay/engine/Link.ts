import type { HubCommand } from "../../domain/Command.ts"
import type { HubMessage } from "../../domain/Message.ts"
import type { Connection } from "../../domain/SidecarState.ts"

/** Hears what comes of a connection, for the rules. */
export type Listener = (message: HubMessage) => void

/** The connection that the recording tells of, and what the rules have not heard of it yet. */
export class Link {
  listener: Listener | null = null
  /** How many connections there were. */
  connections = 0
  #phase: "down" | "connected" | "identifying" | "identified" = "down"
  /** Whether the recording tells of a connection when it is there, and not only when the rules hear of it. */
  #isTold = false
  #untold = { openings: 0, ends: 0 }
  readonly #post: Listener

  /** `post` reaches the rules also where they want no connection any more. */
  constructor(post: Listener) {
    this.#post = post
  }

  get isOpen(): boolean {
    return this.#phase !== "down"
  }

  get isIdentified(): boolean {
    return this.#phase === "identified"
  }

  /** The connection is at that since before the recording. */
  resume(phase: Connection["phase"]): void {
    if (this.listener === null || phase === "down") return
    this.#phase = phase === "connected" ? "identifying" : phase
    this.connections++
  }

  /** The hub knows us; false where it did before. */
  identified(): boolean {
    const isNew = !this.isIdentified
    this.#phase = "identified"
    return isNew
  }

  /** Whether a command may go out now, as a session takes it. */
  takes({ _tag }: HubCommand): boolean {
    if (_tag !== "Identify") return this.isIdentified
    const isTurn = this.#phase === "connected"
    if (isTurn) this.#phase = "identifying"
    return isTurn
  }

  /** A connection opens, and the rules hear of it; false where this version wants none. */
  open(): boolean {
    if (this.listener === null) return false
    if (this.isOpen) this.close(false)
    this.#phase = "connected"
    this.connections++
    this.listener({ _tag: "Connected" })
    return true
  }

  /** The connection ends, and the rules hear of it; false where there is none. */
  close(half_open: boolean): boolean {
    if (!this.isOpen) return false
    this.#phase = "down"
    this.listener?.({ _tag: "Disconnected", half_open })
    return true
  }

  /** A connection is there, which the rules do not know yet. */
  opened(): void {
    if (this.listener === null) return
    this.#isTold = true
    this.#untold.openings++
    this.#phase = "connected"
    this.connections++
  }

  /** The connection is no more, which the rules do not know yet. */
  closed(): void {
    if (this.listener === null) return
    this.#phase = "down"
    this.#untold.ends++
  }

  /** The rules hear of the connection; false where this version has none. */
  connected(): boolean {
    if (!this.#isTold) return this.open()
    if (this.listener === null || this.#untold.openings === 0) return false
    this.#untold.openings--
    this.listener({ _tag: "Connected" })
    return true
  }

  /** The rules hear of its end; false where this version had none. */
  disconnected(half_open: boolean): boolean {
    if (this.#untold.ends === 0) return this.close(half_open)
    this.#untold.ends--
    const told = this.listener ?? this.#post
    told({ _tag: "Disconnected", half_open })
    return true
  }

  /** The rules want no connection. */
  hangUp(): void {
    this.#phase = "down"
    this.#isTold = false
    this.listener = null
  }

  /** There are no rules any more. */
  forget(): void {
    this.hangUp()
    this.#untold = { openings: 0, ends: 0 }
  }
}
