import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Message } from "../../domain/Message.ts"
import { emptyStore, type Policy, type SidecarState, type StoredState } from "../../domain/SidecarState.ts"
import type { JsonObject } from "../../domain/Task.ts"
import { Hub } from "../../services/Hub.ts"
import { ResultWatcher } from "../../services/ResultWatcher.ts"
import { TaskStore } from "../../services/TaskStore.ts"
import { Waker } from "../../services/Waker.ts"
import type { Sight, Step } from "../../services/Witness.ts"
import type { KnownState } from "../KnownState.ts"
import { isLocalFact, type LocalFact } from "../LocalFact.ts"
import type { Place } from "../ReplayEvent.ts"
import type { AgentOptions } from "./agentOptions.ts"
import { Agents } from "./Agents.ts"
import { Calls } from "./Calls.ts"
import type { Comparison } from "./Comparison.ts"
import { Facts } from "./Facts.ts"
import { HubReplay } from "./HubReplay.ts"
import { Life, type RunSidecar } from "./Life.ts"
import { isSamePicture, pictureOf } from "./picture.ts"
import { defaultPolicy } from "./policy.ts"
import { Sleepers } from "./Sleepers.ts"
import type { Stage } from "./Stage.ts"
import { StandIn } from "./StandIn.ts"
import { MemoryStore } from "./store.ts"
import { makeWaker } from "./waker.ts"

export interface SidecarParts {
  readonly stage: Stage
  readonly comparison: Comparison
  readonly run: RunSidecar
  readonly agent: AgentOptions
}

/** The sidecar of one agent over what the recording tells: nothing of it leaves this process. */
export class Sidecar {
  policy: Policy = defaultPolicy
  readonly hub: HubReplay
  readonly agents: Agents
  readonly standIn: StandIn
  readonly facts: Facts
  readonly #stage: Stage
  readonly #comparison: Comparison
  readonly #run: RunSidecar
  readonly #calls: Calls
  readonly #sleepers: Sleepers
  readonly #store: MemoryStore
  readonly #services: Context.Context<Hub | TaskStore | Waker | ResultWatcher>
  #life: Life | null = null
  #survivors: ReadonlyArray<string> = []
  /** Whether a life ended by itself, so that there is none although nothing has ended it. */
  isOver = false

  constructor({ agent, comparison, run, stage }: SidecarParts) {
    this.#stage = stage
    this.#comparison = comparison
    this.#run = run
    this.#calls = new Calls(stage)
    this.#sleepers = new Sleepers(stage, () => this.#store.isWriting || this.#calls.isBlocked)
    this.#store = new MemoryStore(stage)
    const sent = (frame: JsonObject) => comparison.sends(frame)
    this.hub = new HubReplay(stage, this.#calls, sent, (message) => void this.#ask(message))
    this.agents = new Agents(stage)
    this.standIn = new StandIn(stage, this.agents, agent)
    const survivors = () => this.#survivors
    const waker = makeWaker({ stage, calls: this.#calls, agents: this.agents, standIn: this.standIn, survivors })
    this.facts = new Facts({
      stage,
      calls: this.#calls,
      sleepers: this.#sleepers,
      store: this.#store,
      hub: this.hub,
      agents: this.agents,
      ask: (message) => this.#ask(message),
      drain: () => this.drain()
    })
    this.#services = Context.make(Hub, this.hub.service).pipe(
      Context.add(TaskStore, this.#store.service),
      Context.add(Waker, waker),
      Context.add(ResultWatcher, this.agents.watcher)
    )
  }

  #ask(message: Message): boolean {
    this.#life?.ask(message)
    return this.lives
  }

  get lives(): boolean {
    return this.#life !== null
  }

  /** The daemon starts: over what the recording says is stored, or what the life before has left. */
  start(stored: StoredState = this.#store.stored, survivors: ReadonlyArray<string> = this.agents.survivors): void {
    this.#survivors = survivors
    this.#begin(stored)
  }

  /** The daemon goes on from that state: how it came there was not recorded. */
  resume(known: KnownState): void {
    this.#begin(known.stored, { ...known, policy: this.policy })
    this.hub.link.resume(known.connection.phase)
    this.facts.inherit()
  }

  #begin(stored: StoredState, known?: SidecarState): void {
    this.end()
    this.isOver = false
    this.#store.stored = stored
    this.#stage.lives++
    this.#stage.tell({ kind: "life", life: this.#stage.lives, phase: "begins" })
    this.#life = new Life(this.#run, this.policy, {
      stage: this.#stage,
      sleepers: this.#sleepers,
      services: this.#services,
      known,
      witness: (sight) => Effect.sync(() => this.#witness(sight)),
      ended: () => {
        this.isOver = true
        this.#forgetLife()
      }
    })
    this.drain()
  }

  /** The daemon is killed, if there is one. */
  end(): void {
    if (this.#life === null) return
    this.#comparison.close()
    this.#life.kill()
    this.#stage.tell({ kind: "life", life: this.#stage.lives, phase: "ends", exit_code: null, failed: null })
    this.#forgetLife()
  }

  /** Another agent's sidecar: nothing is left of this one. */
  forgetAll(): void {
    this.end()
    this.agents.forgetAll()
    this.#store.stored = emptyStore
  }

  #forgetLife(): void {
    this.#life = null
    this.#calls.clear()
    this.#sleepers.clear()
    this.hub.lifeOver()
    this.#store.lifeOver()
    this.agents.lifeOver()
    this.facts.lifeOver()
  }

  drain(): void {
    this.#life?.drain()
  }

  /** Nothing more is known of this life: it goes on by itself. */
  cut(): void {
    this.#store.goOn()
    this.drain()
  }

  /** After what the recorded one did: the waits that ended while it was at that. */
  settle(): void {
    this.#sleepers.settle()
    this.drain()
  }

  /** The recording has reached a fact. */
  reach(fact: LocalFact, place: Place): void {
    if (fact._tag === "Connected") this.#comparison.close()
    if (fact._tag !== "Restarted") return this.facts.reach(fact, place)
    this.facts.reaching(fact, () => this.start(fact.stored, fact.survivors))
  }

  #witness(sight: Sight): void {
    if (sight._tag === "Stepped") this.#stepped(sight.step)
  }

  #stepped(step: Step): void {
    const { after, before, commands, message } = step
    if (isLocalFact(message)) this.facts.heard(message)
    const [was, is] = [pictureOf(before), pictureOf(after)]
    if (!isSamePicture(was, is)) this.#stage.tell({ kind: "state", before: was, after: is })
    this.#comparison.decides(step)
    this.#sleepers.expect(commands)
  }
}
