import { submit } from "../../src/dev/queue.ts"
import { HubModel, our_id } from "./hubModel.ts"
import { Machine } from "./machine.ts"
import { Patience } from "./patience.ts"
import { situationsOf } from "./situations.ts"
import { aboutTalk } from "./talk/situations.ts"
import { Talkers } from "./talk/talkers.ts"
import { Troubles } from "./troubles.ts"
import { type RunOptions, World } from "./world.ts"

const second_ms = 1_000
const minute_ms = 60_000

/** How long the hub waits for an acceptance. */
const acceptance_ms = 60_000

/** Within this time a task that comes when all is quiet is completed: a reconnect, its pace, and the agent's work. */
const probe_bound_ms = 10 * minute_ms

/** How a run came out. */
export interface Outcome {
  readonly seed: number
  readonly violation: string | null
  readonly hits: ReadonlyArray<string>
  readonly situations: ReadonlyArray<string>
  readonly journal: ReadonlyArray<string>
  readonly virtual_ms: number
}

/** A run: a time of faults, then a quiet time in which everything has to settle. */
class Run {
  readonly world: World
  readonly machine: Machine
  readonly hub: HubModel
  readonly troubles: Troubles
  readonly talkers: Talkers | null
  over = false

  constructor(options: RunOptions) {
    this.world = new World(options)
    this.machine = new Machine(this.world)
    this.hub = new HubModel(
      this.world,
      (frame, answer) => this.machine.ledger.hubAnswered(frame, answer),
      (task_id, generation) => this.#takenBack(task_id, generation)
    )
    this.machine.hub = this.hub
    this.hub.books.tokens.set(our_id, our_id)
    this.troubles = new Troubles(this.world, this.machine, this.hub)
    this.talkers = this.world.talks ? new Talkers(this.world, this.hub) : null
    const patience = new Patience(this.world, [...situationsOf(this), ...(this.world.talks ? aboutTalk(this) : [])])
    this.machine.changed = () => patience.look()
    this.hub.changed = () => patience.look()
  }

  /** The longest that anything may take when nothing goes wrong any more: a task twice its time where a clock was set back. */
  get settle_bound_ms(): number {
    return 2 * this.world.policy.task_timeout_ms + (this.world.talks ? 720 : 60) * minute_ms
  }

  play(): Outcome {
    const { chance, timeline } = this.world
    const faulty_ms = chance.between("run", 2, 40) * minute_ms
    this.#planTasks(faulty_ms)
    this.troubles.begin()
    this.talkers?.begin(faulty_ms)
    timeline.after(faulty_ms, () => this.#calm())
    this.machine.start()
    this.machine.life?.drain()
    while (!this.over && this.world.violation === null && timeline.advance()) this.machine.life?.drain()
    this.machine.messages?.close()
    this.#countSituations()
    const { faults: { hits }, journal, now, seed, situations, violation } = this.world
    return { seed, violation, hits, situations, journal, virtual_ms: now }
  }

  /** The hub takes back by itself only what we have not accepted in time, or gave no sign of life of. */
  #takenBack(task_id: string, generation: number): void {
    const { hub, machine: { disk, ledger, network: { current } }, world } = this
    const active = ledger.stored.recovering ? null : ledger.stored.task
    if (
      active === null || active.id !== task_id || active.generation !== generation || current === null ||
      current.dead
    ) return
    if (hub.books.registry.get(our_id) !== current.socket || disk.full_until > world.now) return
    if (hub.refusedAccepts.has(task_id)) return
    // The hub's timer for an acceptance by another agent goes on when the task is ours by then.
    const ours_since = world.now - (world.hubTime - active.payload.assigned_at)
    const quiet_since = Math.max(world.troubled_at, current.identified_at ?? world.now, ours_since)
    if (world.now - quiet_since >= acceptance_ms - second_ms) {
      world.violate(`the hub takes ${task_id} back although we hold it and nothing kept us from saying so`)
    }
  }

  #countSituations(): void {
    const { deadLetters, tasks } = this.hub.books
    for (const { last_error } of deadLetters.values()) {
      this.world.reached(`dead letter: ${last_error === "ttl_expired" ? last_error : "retries used up"}`)
    }
    for (const { history } of [...tasks.values(), ...deadLetters.values()]) {
      for (const { details, event } of history) {
        if (event === "reclaimed") this.world.reached(`the hub takes a task back: ${String(details)}`)
      }
    }
  }

  #planTasks(faulty_ms: number): void {
    const { chance, timeline } = this.world
    const count = chance.between("tasks", 1, 5)
    for (let n = 0; n < count; n++) {
      const at = n === 0 ? chance.between("tasks", 0, 10_000) : chance.between("tasks", 0, faulty_ms)
      timeline.after(at, () => this.#submit())
    }
  }

  #submit(): string {
    const { chance } = this.world
    const task = this.hub.act((hub, now) =>
      submit(
        hub,
        {
          description: "do it",
          ...(chance.is("task", 0.5) || this.world.faults.quiet ? { assign_to: our_id } : {}),
          ...(chance.is("task", 0.4) ? { complexity_tier: "trivial" } : {}),
          ...(chance.is("priority", 0.3) ? { priority: "urgent" } : {}),
          ...(this.world.faults.strikes("task_deadline_short")
            ? { complete_by: now + chance.between("task", 20, 400) * second_ms }
            : {})
        },
        "operator",
        now
      )
    )
    this.world.note(() => `${task.id} is submitted`)
    return task.id
  }

  /** No fault strikes any more. */
  #calm(): void {
    const { hub, machine, world } = this
    world.note(() => "---- quiet ----")
    world.faults.quiet = true
    hub.mute_until = 0
    machine.disk.full_until = 0
    machine.program.missing_until = 0
    machine.network.reachable = true
    this.#settle(() => this.#probe())
  }

  /** Waits until all is at rest. */
  #settle(then: () => void): void {
    const { hub, world } = this
    const began = world.now
    const look = () => {
      const open = this.#open() ?? this.#openTalk()
      if (open === null) return then()
      if (world.now - began > this.settle_bound_ms) {
        return world.violate(`not settled within ${this.settle_bound_ms / minute_ms} min: ${open}`)
      }
      // In a real hub there is always something that makes it look at its queue.
      hub.matchAfter(0)
      world.timeline.after(5 * second_ms, look)
    }
    look()
  }

  /** What has not settled yet. */
  #open(): string | null {
    const { hub, machine } = this
    const held = machine.ledger.stored.task
    if (held !== null) return `${held.id} is still held, ${held.status}`
    if (!hub.up) return "the hub is down"
    const waiting = [...hub.books.tasks.values()].find(({ status }) => status === "queued" || status === "assigned")
    if (waiting !== undefined) return `${waiting.id} is still ${waiting.status} (${waiting.assigned_to}) at the hub`
    const alive = machine.processes.sessions.find(({ lives }) => lives)
    if (alive !== undefined) return `session ${alive.id} of ${alive.task_id} still lives`
    return this.#hubPicture()
  }

  #openTalk(): string | null {
    const { hub, machine: { ledger, steps }, world } = this
    return world.talks ? ledger.talk.open(steps.state, hub.books) : null
  }

  #hubPicture(): string | null {
    const { hub, machine } = this
    const socket = machine.network.current?.socket
    const picture = hub.books.agents.get(our_id)
    if (socket === undefined || hub.books.registry.get(our_id) !== socket) return "the hub does not push to our socket"
    return picture?.phase === "idle" ? null : `the hub sees us ${picture?.phase} with ${picture?.taskId}`
  }

  /** One more task, to see that the hub gives it to us and we complete it. */
  #probe(): void {
    const { hub, world } = this
    const id = this.#submit()
    this.talkers?.probe()
    const began = world.now
    const look = () => {
      if (hub.books.tasks.get(id)?.status === "completed" && this.#open() === null) {
        return this.#settle(() => this.#finish())
      }
      if (world.now - began > probe_bound_ms) {
        return world.violate(
          `a task in quiet times is not completed within ${probe_bound_ms / minute_ms} min: ${this.#open()}`
        )
      }
      world.timeline.after(5 * second_ms, look)
    }
    look()
  }

  /** Every answer that was ever given is with the hub, or is kept. */
  #finish(): void {
    const lost = this.machine.ledger.lostAnswer
    if (lost !== undefined) this.world.violate(`the answer of ${lost.task_id} is lost: ${lost.content}`)
    if (this.world.talks) this.machine.ledger.talk.judge(this.hub.books)
    this.over = true
  }
}

/** Plays one run: a pure function of its options. */
export const play = (options: RunOptions): Outcome => new Run(options).play()
