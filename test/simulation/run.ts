import { adminPush, cancel as cancelTask, retry, submit } from "../../src/dev/queue.ts"
import type { Connection } from "./connection.ts"
import { isTimedFault, type TimedFault } from "./faults.ts"
import { HubModel, our_id } from "./hubModel.ts"
import { Machine } from "./machine.ts"
import { OtherAgent } from "./others.ts"
import { type RunOptions, World } from "./world.ts"

const second_ms = 1_000
const minute_ms = 60_000
const day_ms = 24 * 60 * minute_ms

/** How often a moment at which something goes on is taken for a fault. */
const moment_share = 0.03

/** Within this time a task that comes when all is quiet is completed: a reconnect, its pace, and the agent's work. */
const probe_bound_ms = 10 * minute_ms

/** How a run came out. */
export interface Outcome {
  readonly seed: number
  readonly violation: string | null
  readonly hits: ReadonlyArray<string>
  readonly journal: ReadonlyArray<string>
  readonly virtual_ms: number
}

/** A run: a time of faults, then a quiet time in which everything has to settle. */
class Run {
  readonly world: World
  readonly machine: Machine
  readonly hub: HubModel
  readonly others: ReadonlyArray<OtherAgent>
  over = false

  constructor(options: RunOptions) {
    this.world = new World(options)
    this.machine = new Machine(this.world)
    this.hub = new HubModel(this.world, (frame, answer) => this.machine.ledger.hubAnswered(frame, answer))
    this.machine.hub = this.hub
    this.hub.books.tokens.set(our_id, our_id)
    this.world.moment = () => this.#moment()
    this.others = ["other-1", "other-2"].map((id) => new OtherAgent(this.world, this.hub, id))
  }

  /** The longest that anything may take when nothing goes wrong any more: a task twice its time where a clock was set back. */
  get settle_bound_ms(): number {
    return 2 * this.world.policy.task_timeout_ms + 60 * minute_ms
  }

  play(): Outcome {
    const { chance, timeline } = this.world
    const faulty_ms = chance.between("run", 2, 30) * minute_ms
    this.#planTasks(faulty_ms)
    this.#planFault()
    timeline.after(faulty_ms, () => this.#calm())
    this.machine.start()
    this.machine.life?.drain()
    while (!this.over && this.world.violation === null && timeline.advance()) this.machine.life?.drain()
    const { faults: { hits }, journal, now, seed, violation } = this.world
    return { seed, violation, hits, journal, virtual_ms: now }
  }

  #planTasks(faulty_ms: number): void {
    const { chance, timeline } = this.world
    const count = chance.between("tasks", 1, 4)
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
          ...(chance.is("task", 0.4) ? { complexity_tier: "trivial" } : {})
        },
        "operator",
        now
      )
    )
    this.world.note(() => `${task.id} is submitted`)
    return task.id
  }

  #planFault(): void {
    const { chance, faults, timeline } = this.world
    const wait = chance.is("fault at", 0.3)
      ? chance.between("fault at", 1, 3_000)
      : chance.between("fault at", 1, 240) * second_ms
    timeline.after(wait, () => {
      if (faults.quiet) return
      this.#strike()
      this.#planFault()
    })
  }

  /** A fault strikes while something is going on rather than in between. */
  #moment(): void {
    const { chance, faults, timeline } = this.world
    if (faults.quiet || !chance.is("moment", moment_share)) return
    timeline.after(chance.between("moment", 0, 60), () => this.#strike())
  }

  #strike(): void {
    const { faults } = this.world
    if (faults.quiet) return
    const strike = faults.next()
    if (strike === null || !isTimedFault(strike.fault)) return
    this.world.note(() => `fault: ${strike.id}`)
    if (this.#strikes[strike.fault]()) faults.injected(strike)
  }

  #anyOther(isThere: boolean): OtherAgent | undefined {
    return this.others.find((other) => other.isThere === isThere)
  }

  #connected(act: (connection: Connection) => void): boolean {
    const { current } = this.machine.network
    if (current !== null) act(current)
    return current !== null
  }

  /** What each timed fault does; false where there was nothing to do it to. */
  readonly #strikes: Record<TimedFault, () => boolean> = {
    link_cut: () => this.#connected((connection) => connection.cut()),
    link_half_open: () => this.#connected((connection) => connection.halfOpen()),
    hub_restart: () => this.#restartHub(),
    hub_mute: () => {
      this.hub.mute_until = this.world.now + this.world.chance.between("mute", 5, 90) * second_ms
      return this.machine.network.current !== null
    },
    hub_unreachable: () => this.#unreachable(),
    other_agent_joins: () => this.#anyOther(false)?.join() ?? false,
    other_agent_leaves: () => this.#anyOther(true)?.leave() ?? false,
    operator_cancels: () => this.#onTask((id) => this.hub.act((books, now) => cancelTask(books, id, now))),
    operator_retries: () => {
      const [id] = this.hub.books.deadLetters.keys()
      return id !== undefined && this.hub.act((books, now) => retry(books, id, now)) !== undefined
    },
    operator_pushes: () => this.hub.act((books, now) => adminPush(books, our_id, "pushed", {}, now)) !== undefined,
    operator_restarts_us: () => this.#pushRestart(),
    daemon_killed: () => this.machine.kill(),
    daemon_stopped: () => this.machine.stop(),
    machine_reboots: () => this.machine.reboot(),
    disk_full: () => {
      this.machine.disk.full_until = this.world.now + this.world.chance.between("disk full", 1, 300) * second_ms
      return true
    },
    clock_jumps_ahead: () => this.#setClock(1),
    clock_jumps_back: () => this.#setClock(-1)
  }

  #setClock(direction: 1 | -1): boolean {
    this.world.clock_offset += direction * this.world.chance.pick("jump", [day_ms, minute_ms, 10 * minute_ms])
    return true
  }

  #unreachable(): boolean {
    const { machine: { network }, world: { chance, timeline } } = this
    if (!network.reachable) return false
    network.reachable = false
    network.current?.cut()
    timeline.after(chance.between("unreachable", 5, 900) * second_ms, () => {
      network.reachable = true
    })
    return true
  }

  #onTask(act: (id: string) => unknown): boolean {
    const ids = [...this.hub.books.tasks.values()].filter(({ status }) => status !== "completed").map(({ id }) => id)
    const id = ids[Math.floor(this.world.chance.next("any task") * ids.length)]
    if (id === undefined) return false
    this.world.note(() => `the operator is at ${id}`)
    act(id)
    return true
  }

  #pushRestart(): boolean {
    const socket = this.hub.books.registry.get(our_id)
    if (socket === undefined) return false
    this.hub.act((books) =>
      books.outputs.push({ _tag: "Send", socket, frame: { type: "restart_sidecar", reason: "update" } })
    )
    return true
  }

  #restartHub(): boolean {
    const { hub, world: { chance, timeline } } = this
    if (!hub.up) return false
    hub.halt()
    timeline.after(chance.between("hub restart", 1, 60) * second_ms, () => hub.resume())
    return true
  }

  /** No fault strikes any more. */
  #calm(): void {
    const { hub, machine, world } = this
    world.note(() => "---- quiet ----")
    world.faults.quiet = true
    hub.mute_until = 0
    machine.disk.full_until = 0
    machine.network.reachable = true
    const began = world.now
    const look = () => {
      const open = this.#open()
      if (open === null) return this.#probe()
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
    const { active, recovering } = machine.ledger.stored
    const held = active ?? recovering
    if (held !== null) return `${held.task_id} is still held, ${held.status}`
    if (!hub.up) return "the hub is down"
    const waiting = [...hub.books.tasks.values()].find(({ status }) => status === "queued" || status === "assigned")
    if (waiting !== undefined) return `${waiting.id} is still ${waiting.status} (${waiting.assigned_to}) at the hub`
    const alive = machine.processes.sessions.find(({ lives }) => lives)
    if (alive !== undefined) return `session ${alive.id} of ${alive.task_id} still lives`
    return this.#hubPicture()
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
    const began = world.now
    const look = () => {
      if (hub.books.tasks.get(id)?.status === "completed" && this.#open() === null) return this.#finish()
      if (world.now - began > probe_bound_ms) {
        return world.violate(
          `a task in quiet times is not completed within ${probe_bound_ms / minute_ms} min: ${this.#open()}`
        )
      }
      world.timeline.after(5 * second_ms, look)
    }
    look()
  }

  /** Every answer that was ever given has been acknowledged, or is kept. */
  #finish(): void {
    const { folder, ledger } = this.machine
    for (const { content, task_id } of ledger.successes) {
      const { cancelled, completed } = ledger.book(task_id)
      const isKept = [folder.get(task_id, "json"), ...folder.kept].some((file) =>
        file?.task_id === task_id && file.content === content
      )
      if (!cancelled && !completed && !isKept) this.world.violate(`the answer of ${task_id} is lost: ${content}`)
    }
    this.over = true
  }
}

/** Plays one run: a pure function of its options. */
export const play = (options: RunOptions): Outcome => new Run(options).play()
