import type { Hub } from "../../../src/dev/hub.ts"
import type { LifecycleEvent } from "../../../src/domain/LifecycleEvent.ts"
import type { Recorded } from "../../../src/domain/messages/Fate.ts"
import { roomId } from "../../../src/domain/messages/InboxMessage.ts"
import type { Outgoing } from "../../../src/domain/messages/Outgoing.ts"
import type { SidecarState } from "../../../src/domain/SidecarState.ts"
import type { Taken } from "../../../src/services/MessageStore.ts"
import type { Page } from "../../../src/services/Messenger.ts"
import type { Step } from "../../../src/services/Observer.ts"
import type { EndText, JudgedText, MarkedBatch } from "../../../src/storage/messages/operations.ts"
import { our_id } from "../hubModel.ts"
import type { Session } from "../session.ts"
import type { World } from "../world.ts"
import { HourlyCounts } from "./hourly.ts"
import type { Messages } from "./store.ts"

/** Types of messages that no agent is woken for. */
const asleep: ReadonlySet<string> = new Set(["ping", "status_request", "notify", "pong", "status_reply", "refused"])

const ofOurOwn = /^(?:self-test$|held-back-\d+-)/ // which nobody waits for
const tries_alone = 3 // of a message that kills its deliveries, until it is left alone
const first_look_ms = 10 * 60_000 // back from when it met the hub: so much a new sidecar reads of what was said to all
const on_the_way_ms = 5_000 // for what somebody said last to come and to be recorded

type Outcome = Recorded["outcome"]

/** What became of the talk, seen from outside the daemon, and what must be true of it. */
export class TalkBook {
  readonly #world: World
  readonly #outcomes = new Map<string, Outcome>()
  readonly #types = new Map<string, string>()
  readonly #ran = new Map<string, string>() // each message → the batch in which an agent was last given it
  readonly #begun = new Set<string>() // batches
  readonly #ended = new Set<string>()
  readonly #delivered = new Set<string>() // messages whose delivery has ended well
  readonly #failures = new Map<string, number>()
  readonly #mailRead = new Set<string>() // by this life; up to `#mailUpTo`
  readonly #owed = new Set<string>() // the keys of what the hub is to have
  readonly #refused = new Set<string>()
  readonly #nowhere = new Set<string>()
  readonly #twice = new Map<string, number>() // how often the hub may have what it did not say it has
  readonly #hourly: HourlyCounts
  #mailUpTo: number | null = null
  #limited_at = -1
  #told_at = Infinity // when the hub first told its time, by its clock
  #met_at = Infinity // when the life that was told it first identified, by the hub's clock
  messages: Messages | null = null

  constructor(world: World) {
    this.#world = world
    this.#hourly = new HourlyCounts(world)
  }

  // ---- the mailbox ----

  readMail({ messages, up_to }: Page): void {
    this.#mailRead.clear()
    for (const { id } of messages) this.#mailRead.add(id)
    this.#mailUpTo = up_to
  }

  acknowledges(up_to: number): void {
    if (up_to !== this.#mailUpTo) this.#world.violate(`the mailbox is acknowledged up to ${up_to}, which was not read`)
    const unsafe = [...this.#mailRead].find((id) => !this.#outcomes.has(id))
    if (unsafe !== undefined) this.#world.violate(`message ${unsafe} is acknowledged before it is on the disk`)
    this.#mailUpTo = null
  }

  // ---- the store ----

  recorded(taken: Taken, judged: ReadonlyArray<JudgedText>): Taken {
    for (const { message } of judged) this.#types.set(message.id, message.type)
    for (const { from, id, outcome } of taken.recorded) {
      this.#world.note(() => `message ${id} of ${from} is ${outcome}`)
      if (outcome === "left_out") continue
      if (from === our_id && outcome !== "dropped" && outcome !== "pushed") {
        this.#world.violate(`message ${id} is our own, and is ${outcome}`)
      }
      const before = this.#outcomes.get(id)
      if (before !== undefined && before !== "pushed") {
        this.#world.violate(`message ${id} is ${outcome} after ${before}`)
      }
      this.#outcomes.set(id, outcome)
      if (outcome === "answered") this.#owes(`answer-${id}`)
    }
    return taken
  }

  begins({ batch_id, message_ids }: MarkedBatch): void {
    if (this.#begun.has(batch_id)) return
    this.#begun.add(batch_id)
    for (const id of message_ids) {
      if (this.#delivered.has(id)) this.#world.violate(`message ${id} was delivered, and is in ${batch_id}`)
      if (this.#outcomes.get(id) !== "waiting") {
        this.#world.violate(`message ${id} is in ${batch_id} and is ${this.#outcomes.get(id)}`)
      }
    }
    this.#hourly.delivers(batch_id, this.messages?.operations.read(0, message_ids) ?? [])
  }

  ends({ batch_id, message_ids }: MarkedBatch, end: EndText): void {
    this.#ended.add(batch_id)
    for (const id of message_ids) {
      if (end._tag === "Delivered") this.#delivered.add(id)
      if (end._tag === "Postponed") this.#hourly.takesBack(batch_id)
      if (end._tag === "Failed") this.#failures.set(id, (this.#failures.get(id) ?? 0) + 1)
    }
    if (end._tag === "Delivered") { for (const { key } of end.replies) this.#owes(key) }
  }

  /** `queue.json` is lost. Of a batch that was at work nobody knows, where the disk refused its marks as well. */
  stateLost(): void {
    for (const [id, batch_id] of this.#ran) if (!this.#begun.has(batch_id)) this.#ran.delete(id)
  }

  hasEnded(batch_id: string): boolean {
    return this.#ended.has(batch_id)
  }

  // ---- the agent ----

  /** An agent runs that was woken for a batch. */
  commandRan({ task_id: batch_id }: Session, ids: ReadonlyArray<string>): void {
    this.#world.reached("messages delivered")
    for (const { again, message } of this.messages?.operations.read(0, ids) ?? []) {
      const { id, type } = message
      const ranIn = this.#ran.get(id)
      if (ranIn !== undefined && ranIn !== batch_id && !again) {
        this.#world.violate(`message ${id} is given in ${batch_id} as new, and was given in ${ranIn}`)
      }
      if (again) this.#world.reached("message delivered again")
      this.#ran.set(id, batch_id)
      if (asleep.has(type)) this.#world.violate(`an agent is woken for a ${type}`)
    }
  }

  // ---- the hub ----

  #owes(key: string): void {
    this.#owed.add(key)
  }

  sends({ key }: Outgoing): void {
    if (!ofOurOwn.test(key) && !this.#owed.has(key)) this.#world.violate(`${key} is sent, which nobody has said`)
  }

  /** The hub has a message, or may have it, and said that it has not. */
  mayBeTwice(key: string): void {
    this.#twice.set(key, (this.#twice.get(key) ?? 0) + 1)
  }

  logged(event: LifecycleEvent): void {
    if (event.event === "message_refused") this.#refused.add(event.key)
    if (event.event === "rate_limited") this.#limited_at = this.#world.now
  }

  /** Talk ends no connection, but for the renewal after a refusal. */
  taken({ before, commands, message }: Step): void {
    if (message._tag === "HubTimeTold") this.#told_at = Math.min(this.#told_at, message.hub_time)
    const meets = message._tag === "Identified" && before.talk.met_at === null
    if (meets && this.#told_at === Infinity) this.#met_at = this.#world.hubTime
    for (const command of commands) {
      if (command._tag !== "Reconnect" || !command.reason.startsWith("the hub gives no task")) continue
      if (before.stored.task !== null || this.#limited_at < 0 || this.#world.now - this.#limited_at < 60_000) {
        this.#world.violate("the connection is renewed without need")
      }
      this.#world.reached("connection renewed after a refusal")
    }
  }

  /** The hub pushes to a connection that we have left, which it has not noticed. Whether a newer one is heard it cannot tell us. */
  goesNowhere(id: string): void {
    this.#nowhere.add(id)
  }

  // ---- the end ----

  /** What is not at rest yet. */
  open(state: SidecarState | null, books: Hub): string | null {
    if (state === null) return "there is no daemon"
    const { held, held_until } = state.talk
    if (state.stored.messages !== null) return `${state.stored.messages.id} is still being delivered`
    if (held.pushed !== null) return "the way of a message is not known"
    if (held.waiting > 0) return `${held.waiting} messages wait, until ${held_until}`
    if (held.outgoing > 0) return `${held.outgoing} messages of ours are not sent`
    if (state.talk.behind) return "what was missed is not read"
    const mail = books.mailboxes.get(our_id)?.[0]
    return mail === undefined ? null : `message ${mail.id} is still in the mailbox`
  }

  /** Everything that the hub has for us became something, and the hub has everything that we said, once. */
  judge(books: Hub): void {
    const settled_until = this.#world.hubTime - on_the_way_ms
    // Where our clock was set, the sidecar cannot know how long before the hub told its time it met it.
    const begins_at = (this.#world.clock_was_set ? this.#told_at : this.#met_at) - first_look_ms
    for (const { from, id, timestamp, to } of books.history) {
      if (timestamp > settled_until || (to !== our_id && timestamp < begins_at)) continue
      // Until the hub has told its time, a clock that is ahead begins to read too late.
      if (this.#world.clock_was_set_ahead && timestamp <= this.#told_at) continue
      // Where our clock is ahead, a gap seems longer, and of a long one not all broadcasts are read.
      const isRead = to === our_id || (to === null && !this.#world.clock_was_set_ahead)
      if (from !== our_id && isRead) this.#judgeHeard(`message ${id} of ${from} to ${to}`, id)
    }
    for (const { from, seq, timestamp } of books.room) {
      if (from !== our_id && timestamp >= begins_at && timestamp <= settled_until) {
        this.#judgeHeard(`what ${from} said in the room`, roomId(seq, timestamp))
      }
    }
    this.#judgeSaid(books)
  }

  #judgeHeard(what: string, id: string): void {
    const outcome = this.#outcomes.get(id)
    if (outcome === undefined && this.#nowhere.has(id)) {
      return this.#world.reached("message pushed to a connection that is left")
    }
    if (outcome === undefined || outcome === "pushed") this.#world.violate(`${what} is lost (${id} ${outcome})`)
    if (outcome !== "waiting" || this.#delivered.has(id)) return
    if ((this.#failures.get(id) ?? 0) < tries_alone) this.#world.violate(`${what} was never delivered`)
    else this.#world.reached("message left alone")
  }

  #judgeSaid(books: Hub): void {
    const entries = [
      ...books.history,
      ...[...books.channels.values()].flatMap(({ history }) => history.map(({ message }) => message))
    ]
    const counts = new Map<string, number>()
    for (const { from, payload } of entries) {
      const key = String(payload["agentcom_key"])
      if (from === our_id) counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    for (const key of this.#owed) {
      const isRoom = key.startsWith("reply-room-")
      const count = counts.get(key) ?? 0
      const most = 1 + (this.#twice.get(key) ?? 0)
      if (count === 0 && !isRoom && !this.#refused.has(key)) this.#world.violate(`${key} never came to the hub`)
      if (count > most) this.#world.violate(`${key} came to the hub ${count} times, though it said so ${most} times`)
    }
  }
}
