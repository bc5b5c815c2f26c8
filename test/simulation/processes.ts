import { readWakeId } from "../../src/domain/ids.ts"
import { type Assignment, kindOf, type TaskFound, type Work } from "../../src/domain/Work.ts"
import { type AgentPlan, answerOnTerm, drawPlan } from "./agentPlan.ts"
import type { Folder } from "./folder.ts"
import type { Ledger } from "./ledger.ts"
import { Session } from "./session.ts"
import { cancel } from "./Timeline.ts"
import type { World } from "./world.ts"

/** The leader's exit code as the launcher gives it where the wake was revoked. */
const revoked_exit = 75

export type WakeRecord = "revoked" | Session

/** The processes of the agents and the wake records: they survive the daemon, and a reboot ends all the processes. */
export class Processes {
  boot = 1
  readonly sessions: Array<Session> = []
  readonly records = new Map<string, WakeRecord>()
  readonly payloads = new Map<string, Assignment>() // what the agent of a task was given last
  readonly batches = new Map<string, ReadonlyArray<string>>() // and the messages of a batch

  readonly #world: World
  readonly #folder: Folder
  readonly #ledger: Ledger
  readonly #wall: () => number

  constructor(world: World, folder: Folder, ledger: Ledger, wall: () => number) {
    this.#world = world
    this.#folder = folder
    this.#ledger = ledger
    this.#wall = wall
    ledger.onFailureSent = (task_id) => this.#answerTooLate(task_id)
  }

  /** Something that the agent left behind writes an answer when its failure is already on its way to the hub. */
  #answerTooLate(task_id: string): void {
    const session = this.sessions.findLast((one) => one.task_id === task_id && one.ran)
    if (session === undefined || !this.#world.faults.strikes("agent_answers_after_failure")) return
    const delay = this.#world.chance.between("too late", 0, 100)
    this.#world.timeline.after(delay, () => this.#put(session, "json", answerOnTerm(session.id), true))
  }

  record(task_id: string, wake_id: string): WakeRecord | undefined {
    return this.records.get(`${task_id} ${wake_id}`)
  }

  /** Makes sure that a wake without a record never runs; what there is of a record. */
  revokeOrRead(task_id: string, wake_id: string): WakeRecord {
    const record = this.record(task_id, wake_id) ?? "revoked"
    this.records.set(`${task_id} ${wake_id}`, record)
    return record
  }

  /** What lives of the wakes that there are records of, found by their cookies where the launcher wrote none. */
  living(): ReadonlyArray<Session> {
    return this.sessions.filter(({ lives, task_id, wake_id }) => lives && this.record(task_id, wake_id) !== undefined)
  }

  /** What the agent of the work is given is written down. */
  gave(work: Work): void {
    const { generation, id } = work
    if (work.kind === "task") this.payloads.set(id, { task_id: id, generation, ...work.payload })
    else this.batches.set(id, work.payload.message_ids)
  }

  /** The newest wake whose leader lives, with what it was given. */
  newestAtWork(): TaskFound | null {
    const led = this.living().flatMap(({ leader, task_id, wake_id }) => {
      const wake = readWakeId(wake_id)
      return leader && wake !== null && kindOf(task_id) === "task" ? [{ task_id, wake }] : []
    })
    const [newest] = led.toSorted((one, other) => other.wake.at - one.wake.at)
    const assignment = newest && this.payloads.get(newest.task_id)
    return newest === undefined || assignment === undefined ? null : { wake: newest.wake, assignment }
  }

  spawn(task_id: string, wake_id: string): Session {
    const session = new Session(this.sessions.length + 1, task_id, wake_id, this.boot, this.#world)
    this.sessions.push(session)
    this.#world.note(() => `spawned session ${session.id} for ${task_id} ${wake_id}`)
    this.#world.moment()
    this.#after(session, this.#world.chance.between("launch", 1, 40), () => this.#launch(session))
    return session
  }

  /** SIGTERM to what lives of the session. */
  term(session: Session): void {
    session.stopped_by_us = true
    session.stopped_in_life = this.#world.lives
    const { chance, faults } = this.#world
    const how = session.ran && faults.strikes("agent_ignores_term")
      ? "ignores"
      : session.ran && faults.strikes("agent_answers_when_stopped")
      ? "answers"
      : "dies"
    this.#world.note(() => `SIGTERM to session ${session.id}, which ${how}`)
    if (how === "ignores") return
    if (how === "answers") {
      this.#after(
        session,
        chance.between("term", 10, 3_000),
        () => this.#write(session, "json", answerOnTerm(session.id), true)
      )
    }
    this.#after(session, how === "answers" ? 3_100 : chance.between("term", 1, 300), () => this.#die(session, 143))
  }

  /** SIGKILL. */
  kill(session: Session): void {
    session.stopped_by_us = true
    session.stopped_in_life = this.#world.lives
    this.#world.note(() => `SIGKILL to session ${session.id}`)
    this.#after(session, this.#world.chance.between("term", 1, 30), () => this.#die(session, null))
  }

  /** The machine goes down: every process ends, and files that were not synced may be lost. */
  reboot(): void {
    this.boot++
    for (const session of this.sessions) {
      if (!session.works) continue
      session.ghost = false
      this.#die(session, null)
    }
  }

  #after(session: Session, delay: number, run: () => void): void {
    session.planned.push(this.#world.timeline.after(delay, run))
  }

  #launch(session: Session): void {
    if (!session.leader) return
    const { task_id, wake_id } = session
    if (this.record(task_id, wake_id) !== undefined) {
      this.#world.note(() => `session ${session.id} finds its wake revoked`)
      return this.#die(session, revoked_exit)
    }
    this.records.set(`${task_id} ${wake_id}`, session)
    const message_ids = this.batches.get(task_id) ?? null
    const plan = drawPlan(this.#world, session.id, message_ids)
    session.plan = plan
    session.ran = true
    this.#world.note(() => `session ${session.id} runs: ${describe(plan)}`)
    this.#ledger.commandRan(session, this.sessions)
    if (message_ids !== null) this.#ledger.talk.commandRan(session, message_ids)
    for (const { at, complete, content, kind } of plan.writings) {
      this.#after(session, at, () => this.#write(session, kind, content, complete))
    }
    if (plan.ends_at !== null) this.#after(session, plan.ends_at, () => this.#finish(session, plan))
    if (plan.launches !== null) {
      const { at, stoppable } = plan.launches
      this.#after(session, at, () => this.#leaderExits(session, stoppable))
    }
  }

  #write(session: Session, kind: "started" | "progress" | "json", content: string, complete: boolean): void {
    if (session.works) this.#put(session, kind, content, complete)
  }

  #put(session: Session, kind: "started" | "progress" | "json", content: string, complete: boolean): void {
    const { task_id } = session
    this.#world.note(() => `session ${session.id} writes ${task_id}.${kind} ${content}`)
    this.#world.moment()
    this.#ledger.agentWrote(session, kind, content, complete)
    this.#folder.write({
      task_id,
      kind,
      content,
      complete,
      now: this.#world.now,
      wall: this.#wall(),
      writer: session.id
    })
  }

  /** The command has started the agent and is done. */
  #leaderExits(session: Session, stoppable: boolean): void {
    if (!session.leader) return
    session.member = stoppable
    session.ghost = !stoppable
    this.#leaderEnded(session, 0)
  }

  #finish(session: Session, plan: AgentPlan): void {
    session.ghost = false
    this.#die(session, session.leader ? plan.exit_code : 0)
  }

  /** What we can see of the session ends; a ghost goes on. */
  #die(session: Session, code: number | null): void {
    if (!session.ghost) { for (const planned of session.planned) cancel(planned) }
    session.member = false
    if (session.leader) this.#leaderEnded(session, code)
    else this.#tell(session)
  }

  #leaderEnded(session: Session, code: number | null): void {
    session.leader = false
    session.end = code === null
      ? { how: "killed", code: null, output: "ended by SIGKILL" }
      : { how: "exited", code, output: `session ${session.id} is over` }
    this.#world.note(() => `the leader of session ${session.id} ended with ${code ?? "a signal"}`)
    this.#tell(session)
  }

  #tell(session: Session): void {
    if (!session.works) session.ended_at ??= this.#world.now
    for (const listener of [...session.listeners]) listener()
  }
}

const describe = ({ ends_at, exit_code, launches, writings }: AgentPlan): string =>
  [
    ...writings.filter(({ kind }) => kind !== "progress").map(({ at, content, kind }) => `${kind}@${at} ${content}`),
    ...(launches === null ? [] : [`launches@${launches.at}${launches.stoppable ? "" : " beyond reach"}`]),
    ends_at === null ? "hangs" : `ends@${ends_at} with ${exit_code}`
  ].join(", ")
