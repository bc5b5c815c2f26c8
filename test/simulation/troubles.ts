import { adminPush, cancel as cancelTask, retry } from "../../src/dev/queue.ts"
import type { Connection } from "./connection.ts"
import { isTimedFault, type TimedFault } from "./faults.ts"
import { type HubModel, our_id } from "./hubModel.ts"
import type { Machine } from "./machine.ts"
import { OtherAgent } from "./others.ts"
import type { World } from "./world.ts"

const second_ms = 1_000
const minute_ms = 60_000
const day_ms = 24 * 60 * minute_ms

/** How often a moment at which something goes on is taken for a fault. */
const moment_share = 0.04

/** The faults that strike at any time. */
export class Troubles {
  readonly #world: World
  readonly #machine: Machine
  readonly #hub: HubModel
  readonly #others: ReadonlyArray<OtherAgent>

  constructor(world: World, machine: Machine, hub: HubModel) {
    this.#world = world
    this.#machine = machine
    this.#hub = hub
    this.#others = ["other-1", "other-2"].map((id) => new OtherAgent(world, hub, id))
    world.moment = () => this.#moment()
    machine.steps.onDoubt = () => {
      const wait = this.#world.chance.between("in doubt", 10, 20_000)
      if (world.faults.strikes("restarts_us_in_doubt")) world.timeline.after(wait, () => this.#pushRestart())
    }
  }

  /** From now on, until all is quiet. */
  begin(): void {
    const { chance, faults, timeline } = this.#world
    const wait = chance.is("fault at", 0.3)
      ? chance.between("fault at", 1, 3_000)
      : chance.between("fault at", 1, 240) * second_ms
    timeline.after(wait, () => {
      if (faults.quiet) return
      this.#strike()
      this.begin()
    })
  }

  /** A fault strikes while something is going on rather than in between. */
  #moment(): void {
    const { chance, faults, timeline } = this.#world
    if (faults.quiet || !chance.is("moment", moment_share)) return
    timeline.after(chance.between("moment", 0, 60), () => this.#strike())
  }

  #strike(): void {
    const { faults } = this.#world
    if (faults.quiet) return
    const strike = faults.next()
    if (strike === null || !isTimedFault(strike.fault)) return
    this.#world.note(() => `fault: ${strike.id}`)
    if (this.#strikes[strike.fault]()) faults.injected(strike)
    this.#machine.changed()
  }

  #anyOther(isThere: boolean): OtherAgent | undefined {
    return this.#others.find((other) => other.isThere === isThere)
  }

  #connected(act: (connection: Connection) => void): boolean {
    const { current } = this.#machine.network
    if (current !== null) act(current)
    return current !== null
  }

  /** What each timed fault does; false where there was nothing to do it to. */
  readonly #strikes: Record<TimedFault, () => boolean> = {
    link_cut: () => this.#connected((connection) => connection.cut()),
    link_half_open: () => this.#connected((connection) => connection.halfOpen()),
    hub_restart: () => this.#restartHub(),
    hub_mute: () => {
      this.#hub.mute_until = this.#world.now + this.#world.chance.between("mute", 5, 90) * second_ms
      return this.#machine.network.current !== null
    },
    hub_unreachable: () => this.#unreachable(),
    other_agent_joins: () => this.#anyOther(false)?.join() ?? false,
    other_agent_leaves: () => this.#anyOther(true)?.leave() ?? false,
    operator_cancels: () => this.#onTask((id) => this.#hub.act((books, now) => cancelTask(books, id, now))),
    operator_retries: () => {
      const [id] = this.#hub.books.deadLetters.keys()
      return id !== undefined && this.#hub.act((books, now) => retry(books, id, now)) !== undefined
    },
    operator_pushes: () => this.#hub.act((books, now) => adminPush(books, our_id, "pushed", {}, now)) !== undefined,
    operator_restarts_us: () => this.#pushRestart(),
    daemon_killed: () => this.#machine.kill(),
    daemon_stopped: () => this.#machine.stop(),
    machine_reboots: () => this.#machine.reboot(),
    state_lost: () => this.#machine.loseState(),
    disk_full: () => {
      this.#machine.disk.full_until = this.#world.now + this.#world.chance.between("disk full", 1, 300) * second_ms
      return true
    },
    program_missing: () => {
      this.#machine.program.missing_until = this.#world.now +
        this.#world.chance.between("no program", 1, 300) * second_ms
      return true
    },
    clock_jumps_ahead: () => this.#setClock(1),
    clock_jumps_back: () => this.#setClock(-1)
  }

  #setClock(direction: 1 | -1): boolean {
    this.#world.clock_was_set = true
    if (direction === 1) this.#world.clock_was_set_ahead = true
    this.#world.clock_offset += direction * this.#world.chance.pick("jump", [day_ms, minute_ms, 10 * minute_ms])
    return true
  }

  #unreachable(): boolean {
    const { network } = this.#machine
    const { chance, timeline } = this.#world
    if (!network.reachable) return false
    network.reachable = false
    network.current?.cut()
    timeline.after(chance.between("unreachable", 5, 900) * second_ms, () => {
      network.reachable = true
      this.#machine.changed()
    })
    return true
  }

  #onTask(act: (id: string) => unknown): boolean {
    const ids = [...this.#hub.books.tasks.values()].filter(({ status }) => status !== "completed").map(({ id }) => id)
    const id = ids[Math.floor(this.#world.chance.next("any task") * ids.length)]
    if (id === undefined) return false
    this.#world.note(() => `the operator is at ${id}`)
    act(id)
    return true
  }

  #pushRestart(): boolean {
    const socket = this.#hub.books.registry.get(our_id)
    if (socket === undefined) return false
    this.#hub.act((books) =>
      books.outputs.push({ _tag: "Send", socket, frame: { type: "restart_sidecar", reason: "update" } })
    )
    return true
  }

  #restartHub(): boolean {
    const hub = this.#hub
    const { chance, timeline } = this.#world
    if (!hub.up) return false
    hub.halt()
    timeline.after(chance.between("hub restart", 1, 60) * second_ms, () => hub.resume())
    return true
  }
}
