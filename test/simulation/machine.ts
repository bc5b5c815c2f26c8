import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Scheduler from "effect/Scheduler"
import { runSidecar } from "../../src/actor/SidecarActor.ts"
import { kindOf } from "../../src/domain/Work.ts"
import { Hub } from "../../src/services/Hub.ts"
import { Logger } from "../../src/services/Logger.ts"
import { MessageStore } from "../../src/services/MessageStore.ts"
import { Messenger } from "../../src/services/Messenger.ts"
import { type ActorEvent, Observer } from "../../src/services/Observer.ts"
import { Orphans } from "../../src/services/Orphans.ts"
import { Outbox } from "../../src/services/Outbox.ts"
import { Readiness } from "../../src/services/Readiness.ts"
import { ResultWatcher } from "../../src/services/ResultWatcher.ts"
import { TaskStore } from "../../src/services/TaskStore.ts"
import { Waker } from "../../src/services/Waker.ts"
import { emptyMessageStore, emptyOutbox, silentMessenger } from "../support/fakes.ts"
import { Folder } from "./folder.ts"
import type { HubModel } from "./hubModel.ts"
import { makeHub, Network } from "./hubService.ts"
import { Ledger } from "./ledger.ts"
import { Life } from "./life.ts"
import { makeOrphans } from "./orphans.ts"
import { Processes } from "./processes.ts"
import { makeReadiness, Program } from "./readiness.ts"
import { Steps } from "./steps.ts"
import { Disk, makeStore } from "./store.ts"
import { makeMessenger } from "./talk/messenger.ts"
import { makeRequest } from "./talk/request.ts"
import { makeMessageStore, Messages } from "./talk/store.ts"
import { makeWaker } from "./waker.ts"
import { makeWatcher } from "./watcher.ts"
import type { World } from "./world.ts"

/** Until a system writes by itself what nobody synced. */
const unsynced_ms = 30_000

/** Our machine: its clock, disk, folder and processes, and the daemon with its supervisor. */
export class Machine {
  life: Life | null = null
  readonly folder = new Folder()
  readonly disk = new Disk()
  readonly network = new Network()
  readonly program: Program
  /** Where there is talk: it survives everything. */
  readonly messages: Messages | null
  readonly ledger: Ledger
  readonly processes: Processes
  readonly steps: Steps
  /** Something may be otherwise now. */
  changed: () => void = () => undefined
  hub: HubModel | null = null
  readonly #world: World
  #fiber: Fiber.Fiber<unknown, unknown> | null = null

  constructor(world: World) {
    this.#world = world
    this.ledger = new Ledger(world, this.folder, this.wall)
    this.processes = new Processes(world, this.folder, this.ledger, this.wall)
    this.program = new Program(world)
    this.messages = world.talks ? new Messages(world.policy.messages, this.ledger.talk) : null
    this.ledger.talk.messages = this.messages
    this.steps = new Steps(
      world,
      (step, now) => {
        this.ledger.taken(step, now)
        this.program.taken(step)
      },
      () => this.changed()
    )
  }

  readonly wall = (): number => Math.floor(this.#world.hubTime) + this.#world.clock_offset

  /** A new process of the daemon over what the last one left. */
  start(): void {
    if (this.life !== null || this.hub === null) return
    const world = this.#world
    world.note(() => "the daemon starts")
    world.lives++
    const life = new Life(world, this.wall, () => this.#crashed())
    this.life = life
    world.recording?.begins(life.clock, world.policy)
    const { disk, folder, hub, ledger, messages, network, processes, wall } = this
    const services = Context.make(Hub, makeHub(life, world, hub, network, ledger)).pipe(
      Context.add(TaskStore, makeStore(life, world, disk, ledger)),
      Context.add(Waker, makeWaker(life, world, this)),
      Context.add(
        MessageStore,
        messages === null ? emptyMessageStore : makeMessageStore(life, world, disk, messages, wall)
      ),
      Context.add(
        Messenger,
        messages === null
          ? silentMessenger
          : makeMessenger(world, makeRequest(life, world, hub, network), ledger.talk)
      ),
      Context.add(Outbox, emptyOutbox),
      Context.add(Orphans, makeOrphans(life, world, folder, processes, ledger, wall)),
      Context.add(Readiness, makeReadiness(life, world, this.program)),
      Context.add(ResultWatcher, makeWatcher(life, world, folder, ledger, wall)),
      Context.add(Logger, { log: (event) => Effect.sync(() => ledger.logged(event)) }),
      Context.add(Observer, (event: ActorEvent) =>
        Effect.sync(() => {
          if (!life.alive) return
          world.recording?.saw(event)
          this.steps.seen(event)
        })),
      Context.add(Clock.Clock, life.clock),
      Context.add(Scheduler.Scheduler, life.scheduler)
    )
    this.#fiber = Effect.runForkWith(services)(runSidecar(world.policy))
    this.#fiber.addObserver((exit) => {
      if (!life.alive) return
      world.note(() => `the daemon ends: ${Exit.isSuccess(exit) ? String(exit.value) : "interrupted or failed"}`)
      if (Exit.isFailure(exit) && !Exit.hasInterrupts(exit)) world.violate(`the daemon failed: ${String(exit.cause)}`)
      if (Exit.isSuccess(exit)) this.#judgeTheEnd()
      life.kill()
      this.#ended(world.chance.between("restart", 1, 5) * 1_000)
    })
  }

  /** It was asked to end, and did so by itself: nothing of it is left at work. */
  #judgeTheEnd(): void {
    const { stored } = this.ledger
    const session = this.processes.living().find(({ ran, task_id }) => ran && task_id !== stored[kindOf(task_id)]?.id)
    if (session === undefined) return
    this.#world.violate(`the daemon ends though session ${session.id} of ${session.task_id}, which is over, lives`)
  }

  /** SIGKILL. */
  kill(): boolean {
    if (this.life === null) return false
    this.#world.note(() => "the daemon is killed")
    this.life.kill()
    this.#crashed()
    return true
  }

  /** SIGTERM: the fibers are interrupted. */
  stop(): boolean {
    if (this.life === null) return false
    this.#world.note(() => "the daemon is stopped")
    this.#fiber?.interruptUnsafe()
    return true
  }

  reboot(): boolean {
    const { chance, faults } = this.#world
    this.#world.note(() => "the machine goes down")
    if (chance.is("reboot", 0.5)) this.network.current?.halfOpen()
    if (this.life !== null) {
      this.life.kill()
      this.#ended(chance.between("reboot", 15, 180) * 1_000)
    }
    this.processes.reboot()
    this.#loseFiles()
    const holds = this.disk.stored !== null && this.disk.stored.task !== null
    if (holds && faults.strikes("state_torn")) this.#loseState()
    return true
  }

  /** The daemon is killed, and what it wrote down is damaged or removed; its agent works on. */
  loseState(): boolean {
    if (this.disk.stored === null) return false
    this.kill()
    this.#loseState()
    return true
  }

  #loseState(): void {
    this.#world.note(() => "the state is lost")
    this.disk.stored = null
    this.ledger.stateLost()
  }

  #loseFiles(): void {
    for (const file of [...this.folder.files.values()]) {
      if (this.#world.now - file.since > unsynced_ms || !this.#world.faults.strikes("answer_lost_by_reboot")) continue
      this.#world.note(() => `${file.task_id}.${file.kind} was not synced and is lost`)
      this.ledger.lost(file)
      this.folder.remove(file.task_id, file.kind)
    }
  }

  #crashed(): void {
    const { chance } = this.#world
    const delay = chance.is("restart", 0.3)
      ? chance.between("restart", 1, 150) * 1_000
      : chance.between("restart", 100, 2_000)
    this.#ended(delay)
  }

  #ended(restart_after: number): void {
    this.network.current?.abandon()
    this.network.current = null
    this.folder.listeners.clear()
    this.life = null
    this.#fiber = null
    this.ledger.ended()
    this.steps.forget()
    this.#world.timeline.after(restart_after, () => this.start())
  }
}
