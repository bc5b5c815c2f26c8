import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { emptyStore, type Policy, type StoredState } from "../../domain/SidecarState.ts"
import { Hub } from "../../services/Hub.ts"
import { ResultWatcher } from "../../services/ResultWatcher.ts"
import { TaskStore } from "../../services/TaskStore.ts"
import { Waker } from "../../services/Waker.ts"
import type { Sight, Step } from "../../services/Witness.ts"
import { isLocalFact, type LocalFact } from "../LocalFact.ts"
import type { Place } from "../ReplayEvent.ts"
import type { AgentOptions } from "./agentOptions.ts"
import { learnt, observationOf } from "./agentRecord.ts"
import { Agents } from "./Agents.ts"
import { Calls } from "./Calls.ts"
import type { Comparison } from "./Comparison.ts"
import { HubReplay } from "./HubReplay.ts"
import { Life, type RunSidecar } from "./Life.ts"
import { isSamePicture, pictureOf } from "./picture.ts"
import { defaultPolicy } from "./policy.ts"
import { Sleepers } from "./Sleepers.ts"
import type { Stage } from "./Stage.ts"
import { StandIn } from "./StandIn.ts"
import { MemoryStore } from "./store.ts"
import { makeWaker } from "./waker.ts"

/** The facts that a step of ours is the cause of: the recording only tells that its own came to the same. */
type Consequence = "SaveFailed" | "SaveSucceeded"

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
  readonly #stage: Stage
  readonly #comparison: Comparison
  readonly #run: RunSidecar
  readonly #calls: Calls
  readonly #sleepers: Sleepers
  readonly #store: MemoryStore
  readonly #services: Context.Context<Hub | TaskStore | Waker | ResultWatcher>
  readonly #consequences: Record<Consequence, number> = { SaveFailed: 0, SaveSucceeded: 0 }
  #life: Life | null = null
  #survivors: ReadonlyArray<string> = []
  #reached: LocalFact | null = null
  /** Whether a life ended by itself, so that there is none although nothing has ended it. */
  isOver = false

  constructor({ agent, comparison, run, stage }: SidecarParts) {
    this.#stage = stage
    this.#comparison = comparison
    this.#run = run
    this.#calls = new Calls(stage)
    this.#sleepers = new Sleepers(stage)
    this.#store = new MemoryStore(stage)
    this.hub = new HubReplay(stage, this.#calls, (frame) => comparison.sends(frame))
    this.agents = new Agents(stage)
    this.standIn = new StandIn(stage, this.agents, agent)
    const survivors = () => this.#survivors
    const waker = makeWaker({ stage, calls: this.#calls, agents: this.agents, standIn: this.standIn, survivors })
    this.#services = Context.make(Hub, this.hub.service).pipe(
      Context.add(TaskStore, this.#store.service),
      Context.add(Waker, waker),
      Context.add(ResultWatcher, this.agents.watcher)
    )
  }

  get lives(): boolean {
    return this.#life !== null
  }

  /** The daemon starts: over what the recording says is stored, or what the life before has left. */
  start(stored: StoredState = this.#store.stored, survivors: ReadonlyArray<string> = this.agents.survivors): void {
    this.end()
    this.isOver = false
    this.#store.stored = stored
    this.#survivors = survivors
    this.#stage.lives++
    this.#stage.tell({ kind: "life", life: this.#stage.lives, phase: "begins" })
    this.#life = new Life(this.#run, this.policy, {
      stage: this.#stage,
      sleepers: this.#sleepers,
      services: this.#services,
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
    this.agents.lifeOver()
    Object.assign(this.#consequences, { SaveFailed: 0, SaveSucceeded: 0 })
  }

  drain(): void {
    this.#life?.drain()
  }

  /** The recording has reached a fact. */
  reach(fact: LocalFact, place: Place): void {
    this.#reached = fact
    if (fact._tag === "Restarted") this.start(fact.stored, fact.survivors)
    else if (!this.#tell(fact)) this.#stage.tell({ kind: "unasked", fact, place })
    this.drain()
    this.#reached = null
  }

  #tell(fact: LocalFact): boolean {
    const seen = observationOf(fact)
    if (seen !== null && "task_id" in fact) {
      this.agents.write(fact.task_id, seen)
      return true
    }
    switch (fact._tag) {
      case "Connected":
        this.#comparison.close()
        return this.hub.open()
      case "Disconnected":
        return this.hub.close(fact.half_open)
      case "RetryDue":
      case "TimerFired":
        return this.#sleepers.release(fact)
      case "SaveFailed":
      case "SaveSucceeded":
        return this.#consequences[fact._tag]-- > 0
      case "DrainRequested":
      case "OrphanFound":
        this.#life?.ask(fact)
        return this.lives
      default:
        if ("task_id" in fact) learnt(this.agents.of(fact.task_id), fact)
        return this.#calls.release(fact)
    }
  }

  #witness(sight: Sight): void {
    if (sight._tag === "Stepped") this.#stepped(sight.step)
  }

  #stepped({ after, before, commands, message }: Step): void {
    if (isLocalFact(message)) this.#tellFact(message)
    const [was, is] = [pictureOf(before), pictureOf(after)]
    if (!isSamePicture(was, is)) this.#stage.tell({ kind: "state", before: was, after: is })
    this.#comparison.decides(commands)
    this.#sleepers.expect(commands)
  }

  #tellFact(fact: LocalFact): void {
    const isConsequence = fact._tag === "SaveFailed" || fact._tag === "SaveSucceeded"
    if (isConsequence) this.#consequences[fact._tag]++
    const isRecorded = this.#stage.scripted && (isConsequence || this.#reached?._tag === fact._tag)
    this.#stage.tell({ kind: "fact", of: isRecorded ? "recording" : "stand-in", fact })
  }
}
