import { domainLimits } from "../../src/domain/limits.ts"
import type { Step } from "../../src/services/Observer.ts"
import type { Folder } from "./folder.ts"
import type { Session } from "./session.ts"
import { max_attempts, type TaskBook } from "./taskBook.ts"
import type { World } from "./world.ts"

/** Whether a failure is what the end of an agent without an answer led to. */
const isOfTheEnd = (reason: string): boolean =>
  ["the wake command", "the machine or the container", "the agent ended"].some((how) => reason.startsWith(how))

/** The retries that the hub counts on our word. */
export class Failures {
  readonly #world: World
  readonly #folder: Folder
  readonly #reasons = new Set<string>()
  readonly #sessions = new Map<number, Session>()

  constructor(world: World, folder: Folder) {
    this.#world = world
    this.#folder = folder
  }

  commandRan(session: Session): void {
    this.#sessions.set(session.id, session)
  }

  /** A failure that an agent's end led to is decided under the assignment that the agent ended under. */
  taken({ after, before, message }: Step, books: ReadonlyMap<string, TaskBook>): void {
    const held = after.stored.task
    const old = before.stored.task
    if (held === null || old === null || held.id !== old.id) return
    const book = books.get(held.id)
    if (book === undefined) return
    const { phase } = before.slots.task.agent
    const isAtRest = old.status === "working" && (phase._tag === "Idle" || phase._tag === "AwaitingAnswer")
    if (message._tag === "TaskAssigned" && held.generation > old.generation && isAtRest) {
      book.at_rest = book.sessions.length
    }
    if (old.failure !== null || held.failure === null || !isOfTheEnd(held.failure.reason)) return
    // A sign that a clock set back leaves in the future is as good as new.
    const isDated = book.sessions.every(({ clock_offset }) => clock_offset <= this.#world.clock_offset)
    const hasEnded = book.sessions.every(({ works }) => !works) && !this.#signFromBeyond(held.id, book) && isDated
    if (book.at_rest === book.sessions.length && hasEnded) {
      this.#world.violate(
        `${held.id} fails (${held.failure.reason}) though its agent had ended before it was assigned anew`
      )
    }
  }

  /** An agent that has ended has some time left for its answer to show. */
  sent(reason: string, { sessions }: TaskBook): void {
    const last = sessions.at(-1)
    if (last === undefined || !isOfTheEnd(reason) || last.stopped_by_us || last.ended_at === null) return
    const waited = this.#world.now - last.ended_at
    if (last.confirmed_at !== null && last.confirmed_at < last.ended_at && waited < domainLimits.late_answer_ms) {
      this.#world.violate(`${last.task_id} is reported failed ${waited} ms after the end of its agent`)
    }
  }

  /** The hub has counted a retry: there has to be a failed work behind it that no other was counted for. */
  counted(task_id: string, reason: string, book: TaskBook): void {
    const why = this.#whyUnfounded(task_id, reason, book)
    if (why !== null) this.#world.violate(`a retry of ${task_id} is counted (${reason}) ${why}`)
    this.#reasons.add(`${task_id} ${reason}`)
    book.attempts = 0
    book.sessions = []
    book.adopted = false
    book.at_rest = null
    book.unusable = false
    book.unfit = false
    book.failed_at = book.counted_at = this.#world.now
  }

  /** An agent that no signal reaches may write after the next was woken: nothing tells whose answer it is. */
  #isFromBeyond(task_id: string, { counted_at, sessions }: TaskBook): boolean {
    const file = this.#folder.kept.findLast((kept) => kept.task_id === task_id && kept.kind === "json")
    const writer = this.#sessions.get(file?.writer ?? 0)
    const isAnothers = file !== undefined && (sessions.length > 0 || file.since > counted_at)
    return isAnothers && writer?.plan?.launches?.stoppable === false
  }

  /** It ended before it confirmed, and the daemon was told: the attempt has failed, not the task. */
  #neverConfirmed({ answered, confirmed_at, end, life, stopped_by_us }: Session): boolean {
    return end !== null && end.how === "exited" && end.code !== 0 && !stopped_by_us &&
      !answered && confirmed_at === null && life === this.#world.lives
  }

  /** An earlier agent that no signal reaches gave its sign while this one lived, and nothing tells that it was not this one's. */
  #anotherConfirmed({ spawned_at, task_id }: Session): boolean {
    return [...this.#sessions.values()].some((session) =>
      session.task_id === task_id && session.plan?.launches?.stoppable === false &&
      session.confirmed_at !== null && session.confirmed_at >= spawned_at
    )
  }

  /** Nor does anything tell whose sign it is that such an agent gives. */
  #signFromBeyond(task_id: string, { counted_at }: TaskBook): boolean {
    return [...this.#sessions.values()].some((session) =>
      session.task_id === task_id && session.plan?.launches?.stoppable === false &&
      session.confirmed_at !== null && session.confirmed_at >= counted_at
    )
  }

  #whyUnfounded(task_id: string, reason: string, book: TaskBook): string | null {
    if (book.impossible === true) return null
    if (reason.startsWith("failure of session")) {
      return this.#reasons.has(`${task_id} ${reason}`) && !this.#isFromBeyond(task_id, book) && !book.adopted
        ? "for the second time"
        : null
    }
    if (/is not JSON|is empty|is not a|not a regular file/.test(reason)) {
      return book.unusable || this.#isFromBeyond(task_id, book) ? null : "though there was no such answer"
    }
    if (reason.startsWith("the hub did not take the answer")) return book.unfit ? null : "though it was never refused"
    if (reason.startsWith("no wake succeeded")) {
      return book.attempts >= max_attempts ? null : `after ${book.attempts} attempts`
    }
    if (book.attempts === 0 && !this.#signFromBeyond(task_id, book) && !book.adopted) {
      return "though no agent was woken for it"
    }
    if (reason.startsWith("the task took longer")) {
      const inTime = this.#world.now - book.received_at < this.#world.policy.task_timeout_ms
      return inTime && !this.#world.clock_was_set_ahead ? "in less time" : null
    }
    const last = book.sessions.at(-1)
    if (last !== undefined && this.#neverConfirmed(last) && !this.#anotherConfirmed(last)) {
      return "though its last attempt only failed to confirm"
    }
    // What happened before a restart, or between a sign and our first look at it, is dated by the wall clock alone. That
    // no other jump makes an agent silent is shown on the real daemon, in test/process/faultsClock.test.ts.
    const cannotTell = this.#world.clock_was_set_ahead && book.sessions.some(
      ({ clock_offset, life }) => life !== this.#world.lives || clock_offset !== this.#world.clock_offset
    )
    const allWell = !cannotTell && book.sessions.length > 0 &&
      book.sessions.every(({ plan, stopped_by_us }) => stopped_by_us && plan?.healthy)
    return allWell ? "though its agent was well when it was stopped" : null
  }
}
