import type { JsonObject } from "../../src/dev/json.ts"
import type { HubCommand } from "../../src/domain/Command.ts"
import type { FolderEvidence } from "../../src/domain/Evidence.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { HubMessage } from "../../src/domain/Message.ts"
import { heldTask, initialState, type StoredState } from "../../src/domain/SidecarState.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import type { Task } from "../../src/domain/Task.ts"
import type { Observation } from "../../src/services/ResultWatcher.ts"
import { isSuccess } from "./agentPlan.ts"
import { ExchangeOrder } from "./exchangeOrder.ts"
import { Failures } from "./failures.ts"
import type { Folder, ResultFile } from "./folder.ts"
import type { Session } from "./session.ts"
import { emptyBook, max_attempts, type TaskBook } from "./taskBook.ts"
import type { World } from "./world.ts"

/** How long after it was written an answer may be unknown: a lost event, the rescan, and a slow disk. */
const unseen_ms = 20_000

interface Success {
  readonly task_id: string
  readonly content: string
  readonly session: number
  readonly at: number
}

/** What really happened, seen from outside the daemon, and what must be true of it. */
export class Ledger {
  stored: StoredState = emptyStore
  /** The disk has refused what we know since. */
  unsaved = false
  readonly successes: Array<Success> = []
  readonly #world: World
  readonly #folder: Folder
  readonly #wall: () => number
  readonly #books = new Map<string, TaskBook>()
  readonly #given = new Map<string, number>() // every answer that an agent gave, and when
  readonly #failures: Failures
  readonly #order: ExchangeOrder
  #state_lost_at = -1

  constructor(world: World, folder: Folder, wall: () => number) {
    this.#world = world
    this.#folder = folder
    this.#wall = wall
    this.#order = new ExchangeOrder(world)
    this.#failures = new Failures(world, folder)
  }

  book(task_id: string): TaskBook {
    const known = this.#books.get(task_id)
    if (known !== undefined) return known
    const book = emptyBook()
    this.#books.set(task_id, book)
    return book
  }

  // ---- the disk ----

  loaded(state: StoredState): void {
    for (const book of this.#books.values()) book.given = -1
    const held = heldTask({ ...initialState(this.#world.policy), stored: state })
    if (held !== null) this.book(held.task_id).given = held.generation
    this.#order.forget()
    this.unsaved = false
  }

  saved(state: StoredState): void {
    this.stored = state
    this.unsaved = false
    const held = state.active ?? state.recovering
    if (held !== null && held.failure !== null && held.failure.sent_generation !== null) {
      this.book(held.task_id).failed_at = this.#world.now
    }
    if (state.active !== null && state.recovering !== null) this.#world.violate("two tasks are held at once")
  }

  /** What was known of a wake is lost with the state. */
  stateLost(): void {
    this.stored = emptyStore
    this.#state_lost_at = this.#world.now
  }

  #holds(task: Task): boolean {
    const { active, recovering } = this.stored
    return [active, recovering].some((held) =>
      held?.task_id === task.task_id && (held.generation === task.generation || this.unsaved)
    )
  }

  // ---- the agent ----

  isImpossible(task_id: string): boolean {
    const book = this.book(task_id)
    book.impossible ??= this.#world.faults.strikes("wake_impossible")
    if (book.impossible) book.attempts = max_attempts
    return book.impossible
  }

  wakeFailed(task_id: string): void {
    this.book(task_id).attempts++
  }

  commandRan(session: Session, sessions: ReadonlyArray<Session>): void {
    const { task_id } = session
    const book = this.book(task_id)
    book.attempts++
    book.sessions.push(session)
    this.#failures.commandRan(session)
    if (book.completed !== null) this.#world.violate(`${task_id} is woken although the hub has its answer`)
    for (const other of sessions) {
      if (other === session) continue
      if (other.lives && other.ran) {
        this.#world.violate(`two live agents: session ${other.id} of ${other.task_id} and ${session.id} of ${task_id}`)
      }
      if (other.task_id === task_id && this.#isKnownAtWork(other, book)) {
        this.#world.violate(`${task_id} is woken again though session ${other.id} is at work beyond our reach`)
      }
    }
    const answer = this.#folder.get(task_id, "json")
    if (answer !== undefined && answer.complete_since !== null && answer.complete_since < book.last_look) {
      this.#world.violate(`${task_id} is woken although its answer is there`)
    }
  }

  /** Whether the folder has said of an agent beyond our reach that it is at work. */
  #isKnownAtWork(session: Session, book: TaskBook): boolean {
    const { confirmed_at } = session
    if (!session.ghost || session.stopped_by_us || session.answered) return false
    // A task that was let go and has come back: its old agent hides from us (docs/reliability.md, "What is not, and cannot be").
    if (session.spawned_at < Math.max(this.#state_lost_at, book.failed_at, book.received_at)) return false
    if (confirmed_at === null) return this.#mayStillConfirm(session)
    if (book.cancelled || this.#wasTooLate(session, confirmed_at, book)) return false
    return confirmed_at < book.last_look &&
      Math.abs(this.#wall() - session.last_sign_at) < this.#world.policy.agent_silence_ms
  }

  /** Another attempt ran before it confirmed, so that its sign might be the other's. */
  #wasTooLate({ spawned_at }: Session, confirmed_at: number, { sessions }: TaskBook): boolean {
    return sessions.some((later) => later.spawned_at > spawned_at && later.spawned_at < confirmed_at)
  }

  /** A command that has ended well has its time to confirm, unless a clock that was set says that it is over. */
  #mayStillConfirm({ clock_offset, spawned_at }: Session): boolean {
    const waited = this.#world.now - spawned_at
    return waited < this.#world.policy.confirmation_timeout_ms - 1_000 && clock_offset === this.#world.clock_offset
  }

  agentWrote(session: Session, kind: "started" | "progress" | "json", content: string, complete: boolean): void {
    const { task_id } = session
    if (kind !== "json") {
      session.last_sign_at = this.#wall()
      if (kind === "started") session.confirmed_at = this.#world.now
      return
    }
    session.answered ||= complete
    const replaced = this.#folder.get(task_id, "json")
    if (replaced !== undefined) this.lost(replaced)
    if (complete && isSuccess(content)) this.#given.set(`${task_id} ${content}`, this.#world.now)
    if (complete && isSuccess(content)) {
      this.successes.push({ task_id, content, session: session.id, at: this.#world.now })
    }
  }

  /** An answer is gone by the agent's own doing, or by the machine's. */
  lost({ content, task_id, writer }: ResultFile): void {
    const index = this.successes.findIndex((one) =>
      one.task_id === task_id && one.content === content && one.session === writer
    )
    if (index >= 0) this.successes.splice(index, 1)
  }

  /** An answer that is neither with the hub nor kept, and that no other came before. */
  get lostAnswer(): Success | undefined {
    return this.successes.find((success) => {
      const { cancelled, completed } = this.book(success.task_id)
      return !cancelled && !this.#isKept(success) && (completed === null || !this.#isAnswered(success, completed))
    })
  }

  #isKept({ content, task_id }: Success): boolean {
    return [this.#folder.get(task_id, "json"), ...this.#folder.kept].some((file) =>
      file?.task_id === task_id && file.content === content
    )
  }

  /** The first answer counts: none that came before it may be lost, the later ones have no use. */
  #isAnswered({ at, content, task_id }: Success, completed: { readonly content: string }): boolean {
    return completed.content === content || at >= (this.#given.get(`${task_id} ${completed.content}`) ?? at)
  }

  observed(task_id: string, seen: Observation): void {
    if (seen._tag === "Answer" && seen.answer._tag === "Unusable") this.book(task_id).unusable = true
  }

  looked(task_id: string, { answer }: FolderEvidence): void {
    const book = this.book(task_id)
    book.last_look = this.#world.now
    if (answer !== null && answer !== "half-written" && answer._tag === "Unusable") book.unusable = true
  }

  answerRemoved({ complete_since, since, task_id }: ResultFile): void {
    const { acked_at, cancelled } = this.book(task_id)
    if (complete_since !== null && !cancelled && acked_at < since) {
      this.#world.violate(`the answer of ${task_id} is removed before its acknowledgement`)
    }
  }

  // ---- the hub ----

  told(message: HubMessage): void {
    this.#order.told(message)
    if (message._tag === "TaskAcknowledged" && message.status !== "accepted") {
      this.book(message.task_id).acked_at = this.#world.now
    }
    if (message._tag === "TaskCancelled") this.book(message.task_id).cancelled = true
    if (message._tag === "HubRefused" && ["validation_failed", "invalid_json"].includes(message.error)) {
      for (const { active, recovering } of [this.stored]) {
        const held = active ?? recovering
        if (held !== null) this.book(held.task_id).unfit = true
      }
    }
  }

  logged(event: LifecycleEvent): void {
    this.#world.note(() => `log ${JSON.stringify(event)}`)
    this.#reached(event)
    if (event.event === "task_received") {
      const book = this.book(event.task_id)
      book.given = Math.max(book.given, event.generation)
      if (!event.again) book.received_at = this.#world.now
    }
    if (event.event === "fiber_died") this.#world.violate(`a fiber died: ${event.fiber}: ${event.reason}`)
  }

  #reached(event: LifecycleEvent): void {
    const world = this.#world
    if (event.event === "recovery_settled") world.reached(`recovery settled: ${event.outcome}`)
    else if (event.event === "report_refused") world.reached(`report refused: ${event.reason}`)
    else if (event.event === "report_acknowledged") world.reached(`report acknowledged: ${event.status}`)
    else if (event.event === "task_refused") world.reached("another task is refused")
    else if (event.event === "wake_failed") world.reached("wake failed")
    else if (event.event === "agent_found_at_work") world.reached("agent found at work")
    else if (event.event === "answer_ignored") world.reached("answer ignored")
    else if (event.event === "task_cancelled") world.reached("task cancelled")
  }

  sent(command: HubCommand): void {
    this.#order.sent(command._tag)
    if (command._tag === "AcceptTask" && !this.#holds(command.task)) {
      this.#world.violate(`${command.task.task_id} g${command.task.generation} is accepted before it is on the disk`)
    }
    if (command._tag === "Identify") {
      const isHeld = this.stored.active !== null || this.stored.recovering !== null
      if ((command.status === "working") !== isHeld && !this.unsaved) {
        this.#world.violate(`we identify as ${command.status}, which is not true`)
      }
    }
    if (command._tag !== "SendReport") return
    const { report, task: { generation, task_id } } = command
    const book = this.book(task_id)
    if (generation !== book.given) {
      this.#world.violate(`${task_id} is reported under g${generation}, though g${book.given} was given`)
    }
    if (report._tag === "Complete") {
      if (!this.#given.has(`${task_id} ${JSON.stringify(report.result)}`)) {
        this.#world.violate(`${task_id} is reported complete with an answer that nobody gave`)
      }
      return
    }
    if (book.failed_at < 0) book.failed_at = this.#world.now
    const answer = this.#folder.get(task_id, "json")
    if (
      answer !== undefined && answer.complete_since !== null && isSuccess(answer.content) &&
      answer.complete_since < this.#world.now - unseen_ms && !book.unfit
    ) {
      this.#world.violate(`${task_id} is reported failed although its answer is there`)
    }
  }

  /** What the hub made of a frame of ours. */
  hubAnswered(frame: JsonObject, answer: JsonObject | null): void {
    if (answer?.["type"] !== "task_ack") return
    const task_id = String(frame["task_id"])
    const book = this.book(task_id)
    if (frame["type"] === "task_complete") {
      book.completed = { content: JSON.stringify(frame["result"]) }
    }
    if (frame["type"] !== "task_failed") return
    this.#failures.counted(task_id, String(frame["reason"]), book)
  }
}
