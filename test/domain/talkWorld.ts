import type { Command } from "../../src/domain/Command.ts"
import type { Message } from "../../src/domain/Message.ts"
import type { Judged } from "../../src/domain/messages/Fate.ts"
import type { InboxMessage } from "../../src/domain/messages/InboxMessage.ts"
import { type Held, nothingHeld, type Reading } from "../../src/domain/messages/Talk.ts"
import type { SidecarState } from "../../src/domain/SidecarState.ts"
import { batch } from "./support.ts"

type Asked = Extract<Command, { readonly _tag: "ReadHub" | "AcknowledgeMailbox" }>

/** What talk needs of the world around it. */
interface Around {
  readonly random: () => number
  readonly post: (message: Message) => void
  readonly check: (holds: boolean, what: string) => void
}

/** A tiny inbox and outbox, and a hub that is asked about messages, with what must never happen. */
export class TalkWorld {
  readonly #around: Around
  #waiting = 0
  #outgoing = 0
  #batches = 0
  #revision = 0
  #asked: Asked | null = null // by this life of the daemon
  #sends = false
  #recorded = true // whether all of the page that was read last is

  constructor(around: Around) {
    this.#around = around
  }

  get held(): Held {
    return {
      ...nothingHeld,
      revision: ++this.#revision,
      waiting: this.#waiting,
      first_at: this.#waiting > 0 ? 0 : null,
      outgoing: this.#outgoing
    }
  }

  /** The daemon is gone, and with it what it waited for. */
  forget(): void {
    this.#asked = null
    this.#sends = false
  }

  #chance(share: number): boolean {
    return this.#around.random() < share
  }

  /** A batch, whether anybody asked for it or not. */
  batchReady(): Message {
    return { _tag: "BatchReady", batch: batch(`batch-${++this.#batches}`) }
  }

  /** Does what a command says of messages. What is known at once is returned. */
  run(command: Command, { connection }: SidecarState): Message | undefined {
    switch (command._tag) {
      case "RecordMessages":
        return this.#record(command.judged)
      case "ReadHub":
        this.#asked = command
        return
      case "AcknowledgeMailbox":
        this.#around.check(connection.phase === "identified", "a mailbox is acknowledged without a connection")
        this.#around.check(this.#recorded, "a mailbox is acknowledged that is not recorded")
        this.#asked = command
        return
      case "ChooseBatch":
        return this.#waiting === 0 ? { _tag: "NoBatch", retry_at: null, held_back: 0 } : this.batchReady()
      case "BeginDelivery":
        this.#waiting = 0
        return { _tag: "HeldChanged", held: this.held }
      case "EndDelivery":
        if (command.end._tag === "Delivered" && this.#chance(0.5)) this.#outgoing++
        this.#around.post({ _tag: "DeliveryMarked", end: command.end._tag, held: this.held })
        return
      case "SendNext":
        this.#around.check(!this.#sends, "two messages are sent at once")
        this.#sends = true
        return
    }
    return
  }

  #record(judged: ReadonlyArray<Judged>): Message {
    if (this.#chance(0.1)) return { _tag: "MessagesUnrecorded", reason: "no space" }
    if (judged.some(({ message }) => message.way === "direct")) this.#recorded = true
    this.#waiting += judged.length
    return { _tag: "MessagesRecorded", held: this.held, recorded: [] }
  }

  /** Somebody says something. */
  say(): void {
    this.#around.post({ _tag: "MessageHeard", message: this.#message("pushed") })
  }

  #message(way: InboxMessage["way"]): InboxMessage {
    const id = `m${Math.floor(this.#around.random() * 1_000)}`
    const type = this.#chance(0.2) ? "request" : "chat"
    return { id, way, channel: null, from: "bob", type, payload: {}, reply_to: null, sent_at: 0 }
  }

  /** The hub answers one thing that it was asked; false if there is none. `well`: as one would wish. */
  answer(well: boolean): boolean {
    if (this.#sends) {
      this.#endSending(well)
      return true
    }
    const asked = this.#asked
    if (asked === null) return false
    this.#asked = null
    const fails = !well && this.#chance(0.3)
    if (asked._tag === "AcknowledgeMailbox") {
      this.#around.post({ _tag: "MailboxAcknowledged", pass: asked.pass, done: !fails })
    } else if (fails) {
      this.#around.post({ _tag: "HubUnread", reading: asked.reading, pass: asked.pass, reason: "HTTP 500" })
    } else this.#read(asked.reading, asked.pass, well)
    return true
  }

  #read(reading: Reading, pass: number, well: boolean): void {
    const isMailbox = reading._tag === "Mailbox"
    const isMore = isMailbox && !well && this.#chance(0.3)
    const since = isMailbox ? reading.since + 1 : 0
    const isEmpty = !isMailbox || this.#chance(0.5)
    if (isMailbox) this.#recorded = isEmpty
    this.#around.post({
      _tag: "HubRead",
      reading,
      pass,
      messages: isEmpty ? [] : [this.#message("direct")],
      up_to: isEmpty ? null : since,
      next: isMore ? { _tag: "Mailbox", since } : null,
      room: null,
      channels: null,
      is_full: false
    })
  }

  #endSending(well: boolean): void {
    this.#sends = false
    const outcomes = [{ _tag: "Failed", reason: "" }, { _tag: "Unknown", reason: "" }, { _tag: "Limited" }] as const
    const failed = well ? undefined : outcomes[Math.floor(this.#around.random() * 5)]
    if (failed === undefined) this.#outgoing = Math.max(0, this.#outgoing - 1)
    const outcome = failed ?? { _tag: "Sent", hub_id: null } as const
    this.#around.post({ _tag: "SendEnded", key: "k", outcome, held: this.held })
  }
}
