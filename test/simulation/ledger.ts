import type { JsonObject } from "../../src/dev/json.ts"
import type { HubCommand } from "../../src/domain/Command.ts"
import type { FolderEvidence } from "../../src/domain/Evidence.ts"
import type { LifecycleEvent } from "../../src/domain/LifecycleEvent.ts"
import type { HubMessage, Message } from "../../src/domain/Message.ts"
import type { StoredState } from "../../src/domain/SidecarState.ts"
import { emptyStore } from "../../src/domain/SidecarState.ts"
import { kindOf, type Task, type WorkName } from "../../src/domain/Work.ts"
import type { Step } from "../../src/services/Observer.ts"
import type { Observation } from "../../src/services/ResultWatcher.ts"
import { isFailure, isSuccess } from "./agentPlan.ts"
import { at_hand_ms } from "./bounds.ts"
import { ExchangeOrder } from "./exchangeOrder.ts"
import { Failures } from "./failures.ts"
import type { Folder, ResultFile } from "./folder.ts"
import { Leftovers } from "./leftovers.ts"
import { Standing } from "./ownership.ts"
import { ProgressBook } from "./progress.ts"
import type { Session } from "./session.ts"
import { TalkBook } from "./talk/book.ts"
import { emptyBook, max_attempts, type TaskBook } from "./taskBook.ts"
import type { World } from "./world.ts"

/** How long after it was written an answer may be unknown: a lost event, the rescan, and a slow disk. */
const unseen_ms = 20_000

/** The hub cannot take what it was sent as it is. */
const isUnfit = (message: Message): boolean =>
  message._tag === "HubRefused" && ["validation_failed", "invalid_json"].includes(message.error)

const workIn = (name: WorkName): string => "task_id" in name ? name.task_id : name.batch_id

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
  readonly order: ExchangeOrder
  readonly progress: ProgressBook
  readonly leftovers: Leftovers
  readonly talk: TalkBook
  /** When the location of a task were last looked up. */
  looked_up_at = -1
  /** How many looks came to nothing: what they were to find waits for the next. */
  blind_looks = 0
  /** The task that the hub pushed last on this connection. */
  pushed: string | null = null
  /** The hub is being told that the task has failed. */
  onFailureSent: (task_id: string) => void = () => undefined
  readonly #world: World
  readonly #folder: Folder
  readonly #wall: () => number
  readonly #books = new Map<string, TaskBook>()
  readonly #given = new Map<string, number>() // every answer that an agent gave, and when
  readonly #failures: Failures
  readonly #ownership: Standing
  readonly #failuresSent = new Set<string>()
  #state_lost_at = -1
  #adopted: string | null = null // by this life of the daemon, whose state was lost

  constructor(world: World, folder: Folder, wall: () => number) {
    this.#world = world
    this.#folder = folder
    this.#wall = wall
    this.order = new ExchangeOrder(world)
    this.progress = new ProgressBook(world)
    this.leftovers = new Leftovers(folder)
    this.talk = new TalkBook(world)
    this.#ownership = new Standing(world)
    this.#failures = new Failures(world, folder)
  }

  book(task_id: string): TaskBook {
    const known = this.#books.get(task_id)
    if (known !== undefined) return known
    const book = emptyBook()
    this.#books.set(task_id, book)
    return book
  }

  /** The daemon is gone. */
  ended(): void {
    this.order.forget()
    this.progress.forget()
    this.leftovers.forget()
    this.#ownership.forget()
    this.looked_up_at = -1
    this.pushed = null
    this.#adopted = null
  }

  /** The daemon has taken a step. */
  taken(step: Step, now: number): void {
    this.#ownership.taken(step, now)
    this.talk.taken(step)
    this.leftovers.taken(step)
    this.#failures.taken(step, this.#books)
    if (step.message._tag === "Restarted") this.#judgeRestart(step.message, step.after.stored.task)
    const held = step.after.stored.task
    if (held !== null && held.id !== step.before.stored.task?.id) this.progress.taken(held.id)
    if (held?.woken_at === null) this.#takenAnew(held.id)
    const before = step.before.stored.task
    if (held !== null && held.wake?.id !== before?.wake?.id) {
      const { intents, last_look } = this.book(held.id)
      intents.push(last_look)
    }
    if (before !== null && isUnfit(step.message)) this.book(before.id).unfit = true
  }

  /** What was read is the truth; only where there is nothing to read, the agent at work has its task. */
  #judgeRestart({ at_work = null, stored }: Extract<Message, { readonly _tag: "Restarted" }>, held: Task | null): void {
    const left = stored === null ? at_work?.assignment.task_id : stored.task?.id
    if (held?.id !== left) {
      this.#world.violate(`a restart begins with ${held?.id}, but ${left} was left`)
    }
    if (stored !== null || at_work === null) return
    const { generation, task_id } = at_work.assignment
    const book = this.book(task_id)
    book.given = generation
    book.adopted = true
    this.#adopted = task_id
    this.#world.reached("the task at work is adopted")
  }

  #takenAnew(task_id: string): void {
    this.progress.taken(task_id)
    this.book(task_id).fresh_at = this.#world.now
  }

  // ---- the disk ----

  loaded(state: StoredState): void {
    for (const book of this.#books.values()) book.given = -1
    const held = state.task
    if (held !== null) this.book(held.id).given = held.generation
    this.unsaved = false
  }

  saved(state: StoredState): void {
    const wasSent = this.stored.task?.failure?.sent_generation != null
    this.stored = state
    this.unsaved = false
    const held = state.task
    if (held !== null && held.failure !== null && held.failure.sent_generation !== null && !wasSent) {
      this.book(held.id).failed_at = this.#world.now
    }
    if (state.task === null && state.recovering) this.#world.violate("nothing is held, and is recovering")
  }

  /** What was known of a wake is lost with the state. */
  stateLost(): void {
    this.talk.stateLost()
    this.stored = emptyStore
    this.#state_lost_at = this.#world.now
  }

  #holds(task: Task): boolean {
    const held = this.stored.task
    const isHeld = held?.id === task.id && (held.generation === task.generation || this.unsaved)
    return isHeld || (this.unsaved && this.#adopted === task.id)
  }

  // ---- the agent ----

  isImpossible(task_id: string): boolean {
    const book = this.book(task_id)
    book.impossible ??= this.#world.faults.strikes("wake_impossible")
    if (book.impossible) book.attempts = max_attempts
    return book.impossible
  }

  commandRan(session: Session, sessions: ReadonlyArray<Session>): void {
    const { task_id } = session
    const book = this.book(task_id)
    book.attempts++
    book.sessions.push(session)
    this.#failures.commandRan(session)
    if (book.completed !== null && book.completed.at < session.spawned_at) {
      this.#world.violate(`${task_id} is woken although the hub has its answer`)
    }
    for (const other of sessions) {
      if (other === session) continue
      if (other.lives && other.ran && kindOf(other.task_id) === kindOf(task_id)) {
        this.#world.violate(`two live agents: session ${other.id} of ${other.task_id} and ${session.id} of ${task_id}`)
      }
      // That another was woken beside it has been judged when it was.
      const isGivenUp = book.sessions.some((later) => later !== session && later.spawned_at > other.spawned_at)
      if (other.task_id === task_id && !isGivenUp && this.#isKnownAtWork(other, book)) {
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
    if (confirmed_at === null) return book.answer_seen_at < session.spawned_at && this.#mayStillConfirm(session)
    if (book.cancelled || this.#wasTooLate(session, confirmed_at, book)) return false
    const ages = [this.#wall() - session.last_sign_at, this.#world.now - session.signed_at]
    return confirmed_at < book.last_look && ages.every((age) => Math.abs(age) < this.#world.policy.agent_silence_ms)
  }

  /** Another attempt was decided on a look before it confirmed, so that its sign might be the other's. */
  #wasTooLate({ spawned_at }: Session, confirmed_at: number, { intents }: TaskBook): boolean {
    return intents.some((looked_at) => looked_at > spawned_at && looked_at <= confirmed_at)
  }

  /** A command that has ended well has its time to confirm, unless a clock that was set says that it is over. */
  #mayStillConfirm({ clock_offset, spawned_at }: Session): boolean {
    const waited = this.#world.now - spawned_at
    return waited < this.#world.policy.confirmation_timeout_ms - 1_000 && clock_offset === this.#world.clock_offset
  }

  agentWrote(session: Session, kind: "started" | "progress" | "json", content: string, complete: boolean): void {
    const { task_id } = session
    if (!session.lives) this.leftovers.writtenFromBeyond(task_id)
    if (kind !== "json") {
      session.last_sign_at = this.#wall()
      session.signed_at = this.#world.now
      if (kind === "started") session.confirmed_at = this.#world.now
      return
    }
    session.answered ||= complete
    const replaced = this.#folder.get(task_id, "json")
    if (replaced !== undefined) this.lost(replaced)
    if (kindOf(task_id) === "messages") return
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
    if (seen._tag === "Progress") this.progress.seen(task_id)
    if (seen._tag !== "Answer") return
    const book = this.book(task_id)
    book.answer_seen_at = this.#world.now
    if (seen.answer._tag === "Unusable") book.unusable = true
  }

  looked(task_id: string, { answer }: FolderEvidence): void {
    const book = this.book(task_id)
    if (book.last_inspection < book.last_look) {
      this.#world.violate(`the folder of ${task_id} is looked at before its agent, which may write until then`)
    }
    book.last_look = this.#world.now
    if (typeof answer === "object" && answer?._tag === "Unusable") book.unusable = true
  }

  inspected(task_id: string): void {
    this.book(task_id).last_inspection = this.#world.now
  }

  lookedUp(): void {
    this.looked_up_at = this.#world.now
  }

  /** An answer that can be reported, as it is. */
  isAnswer({ content }: ResultFile): boolean {
    return isSuccess(content) || isFailure(content)
  }

  /** The first agent that was woken for a task since it was taken, or since its last failure. */
  firstSession(task_id: string): Session | undefined {
    const { failed_at, received_at, sessions } = this.book(task_id)
    return sessions.find(({ spawned_at }) => spawned_at >= Math.max(failed_at, received_at))
  }

  /** A wake is about to be spawned. */
  wakes(task_id: string, wake_id: string): void {
    const kind = kindOf(task_id)
    const held = kind === "task" && this.stored.recovering ? null : this.stored[kind]
    if (held?.id !== task_id || held.wake?.id !== wake_id) {
      this.#world.violate(`${task_id} is woken as ${wake_id} before that is on the disk`)
    }
    if (held !== null && held.wake_attempts > max_attempts) {
      this.#world.violate(`${task_id} is woken for the ${held.wake_attempts}th time`)
    }
    const { fresh_at, seen_off_at, spawned_at } = this.book(task_id)
    if (spawned_at > Math.max(seen_off_at, fresh_at, this.#state_lost_at)) {
      this.#world.violate(`${task_id} is woken before what lives of its last wake was seen off`)
    }
  }

  spawned(task_id: string): void {
    this.book(task_id).spawned_at = this.#world.now
  }

  /** Whatever lived of the agent of a task is being stopped. */
  stops(task_id: string): void {
    this.book(task_id).seen_off_at = this.#world.now
  }

  answerRemoved({ complete_since, since, task_id }: ResultFile): void {
    const { acked_at, cancelled } = this.book(task_id)
    if (kindOf(task_id) === "messages") {
      if (complete_since !== null && !this.talk.hasEnded(task_id)) {
        this.#world.violate(`the answer of ${task_id} is removed before its end is on the disk`)
      }
      return
    }
    if (complete_since !== null && !cancelled && acked_at < since) {
      this.#world.violate(`the answer of ${task_id} is removed before its acknowledgement`)
    }
  }

  // ---- the hub ----

  told(message: HubMessage): void {
    this.order.told(message)
    if (message._tag === "TaskAssigned") this.pushed = message.task.task_id
    if (message._tag === "Connected" || message._tag === "Disconnected") this.pushed = null
    if (message._tag === "TaskAcknowledged" && message.status === "complete") {
      this.book(message.task_id).acked_at = this.#world.now
    }
    if (message._tag === "TaskCancelled") this.book(message.task_id).cancelled = true
  }

  logged(event: LifecycleEvent): void {
    this.#world.note(() => `log ${JSON.stringify(event)}`)
    this.#reached(event)
    this.talk.logged(event)
    if (event.event === "task_received") {
      const book = this.book(event.task_id)
      book.given = Math.max(book.given, event.generation)
      if (!event.again) book.received_at = this.#world.now
    }
    if (event.event === "wake_failed" && event.reason.startsWith("no confirmation")) this.#gaveUpOn(workIn(event))
    if (event.event === "task_progress") this.progress.relayed(event.task_id)
    if (event.event === "answer_found") this.book(workIn(event)).found_at = this.#world.now
    if (event.event === "fiber_died") this.#world.violate(`a fiber died: ${event.fiber}: ${event.reason}`)
  }

  /** A wake has its whole time to be confirmed, counted from the spawn, whatever the wall clock says. */
  #gaveUpOn(task_id: string): void {
    const last = this.book(task_id).sessions.at(-1)
    if (last === undefined || last.life !== this.#world.lives) return
    const waited = this.#world.now - last.spawned_at
    if (waited < this.#world.policy.confirmation_timeout_ms - at_hand_ms) {
      this.#world.violate(`session ${last.id} of ${task_id} is given up after ${waited} ms`)
    }
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
    this.order.sent(command._tag)
    this.#ownership.sent(command)
    if (command._tag === "SendProgress") this.progress.told(command.task.id, command.progress.progress)
    if (command._tag === "AcceptTask" && !this.#holds(command.task)) {
      this.#world.violate(`${command.task.id} g${command.task.generation} is accepted before it is on the disk`)
    }
    if (command._tag === "Identify") {
      const isHeld = this.stored.task !== null
      const isTrue = command.status === "draining" || command.status.startsWith("at work") === isHeld
      if (!isTrue && !this.unsaved) {
        this.#world.violate(`we identify as ${command.status}, which is not true`)
      }
    }
    if (command._tag !== "SendReport") return
    const { report, task: { generation, id: task_id } } = command
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
    if (this.stored.task?.failure?.sent_generation == null) {
      this.#world.violate(`the failure of ${task_id} is sent before it is on the disk that it was`)
    }
    this.#failures.sent(report.reason, book)
    this.#keptAside(task_id, generation, report.reason)
    this.onFailureSent(task_id)
    const answer = this.#folder.get(task_id, "json")
    if (
      answer !== undefined && answer.complete_since !== null && isSuccess(answer.content) &&
      answer.complete_since < book.failed_at - unseen_ms && !book.unfit
    ) {
      this.#world.violate(`${task_id} is reported failed although its answer is there`)
    }
  }

  /** What a failure was read from is out of the way before it is sent, lest it be read again. */
  #keptAside(task_id: string, generation: number, reason: string): void {
    const failure = `${task_id} g${generation} ${reason}`
    if (this.#failuresSent.has(failure)) return
    this.#failuresSent.add(failure)
    const answer = this.#folder.get(task_id, "json")
    if (answer !== undefined && answer.since <= this.book(task_id).found_at && answer.content.includes(`"${reason}"`)) {
      this.#world.violate(`the failure of ${task_id} is sent while its file is in place`)
    }
    if (!reason.startsWith("the hub did not take")) return
    const isKept = this.#folder.kept.some((file) => file.task_id === task_id && file.folder === "rejected")
    if (!isKept) this.#world.violate(`the answer of ${task_id} that the hub did not take is not kept`)
  }

  /** What the hub made of a frame of ours. */
  hubAnswered(frame: JsonObject, answer: JsonObject | null): void {
    if (answer?.["type"] !== "task_ack") return
    const task_id = String(frame["task_id"])
    const book = this.book(task_id)
    if (frame["type"] === "task_complete") {
      book.completed = { content: JSON.stringify(frame["result"]), at: this.#world.now }
    }
    if (frame["type"] !== "task_failed") return
    this.#failures.counted(task_id, String(frame["reason"]), book)
  }
}
