import type { Message } from "../../domain/Message.ts"
import type { Entry } from "../format.ts"
import { limits } from "../limits.ts"
import { isLocalFact, type LocalFact } from "../LocalFact.ts"
import type { Place } from "../ReplayEvent.ts"
import { learnt, observationOf } from "./agentRecord.ts"
import type { Agents } from "./Agents.ts"
import type { Calls } from "./Calls.ts"
import type { HubReplay } from "./HubReplay.ts"
import { Inheritance } from "./Inheritance.ts"
import type { Sleepers } from "./Sleepers.ts"
import type { Stage } from "./Stage.ts"
import type { MemoryStore } from "./store.ts"

/** The facts that a step of ours is the cause of: the recording only tells that its own came to the same. */
type Consequence = "SaveFailed" | "SaveSucceeded"

const isConsequence = (fact: LocalFact): fact is Extract<LocalFact, { readonly _tag: Consequence }> =>
  fact._tag === "SaveFailed" || fact._tag === "SaveSucceeded"

export interface FactsParts {
  readonly stage: Stage
  readonly calls: Calls
  readonly sleepers: Sleepers
  readonly store: MemoryStore
  readonly hub: HubReplay
  readonly agents: Agents
  /** Tells the sidecar what nothing that it did has led to; false where there is none. */
  readonly ask: (message: Message) => boolean
  /** Lets the sidecar do what it can. */
  readonly drain: () => void
}

/** What the recording tells of the machine: given to whoever waits for it, when the recorded sidecar came to it. */
export class Facts {
  readonly #parts: FactsParts
  readonly #consequences: Record<Consequence, number> = { SaveFailed: 0, SaveSucceeded: 0 }
  readonly #inheritance: Inheritance
  #reached: LocalFact | null = null

  constructor(parts: FactsParts) {
    this.#parts = parts
    this.#inheritance = new Inheritance(parts)
  }

  /** The recording has reached a fact. */
  reach(fact: LocalFact, place: Place): void {
    const { drain, stage } = this.#parts
    this.reaching(fact, () => {
      if (!this.#tell(fact)) stage.tell({ kind: "unasked", fact, place })
      drain()
    })
  }

  /** What is done meanwhile comes of that fact. */
  reaching(fact: LocalFact, act: () => void): void {
    this.#reached = fact
    act()
    this.#reached = null
  }

  #tell(fact: LocalFact): boolean {
    const { agents, ask, calls, hub, sleepers } = this.#parts
    if (this.#inheritance.takes(fact)) {
      this.#learn(fact)
      return ask(fact)
    }
    const seen = observationOf(fact)
    if (seen !== null && "task_id" in fact) {
      agents.write(fact.task_id, seen)
      return true
    }
    switch (fact._tag) {
      case "Connected":
        return hub.connected()
      case "Disconnected":
        return hub.link.disconnected(fact.half_open)
      case "RetryDue":
      case "TimerFired":
        return sleepers.release(fact)
      case "SaveFailed":
      case "SaveSucceeded":
        return this.#consequences[fact._tag]-- > 0
      case "DrainRequested":
      case "OrphanFound":
        return ask(fact)
      default:
        if (calls.wasTold(fact)) return true
        this.#learn(fact)
        return calls.release(fact) || (calls.wasAbandoned(fact) && ask(fact))
    }
  }

  #learn(fact: LocalFact): void {
    if ("task_id" in fact) learnt(this.#parts.agents.of(fact.task_id), fact)
  }

  /**
   * The recorded sidecar did something next: whatever it had to wait for before that was over. What comes of a fact may
   * have waited in its mailbox meanwhile.
   */
  goOn(entry: Entry): void {
    const { calls, drain, stage, store } = this.#parts
    const fact = entry.dir === "local" && "msg" in entry && isLocalFact(entry.msg) ? entry.msg : null
    const isKnown = () => fact !== null && this.#isKnown(fact)
    if (isKnown()) return
    stage.isGoingOn = true
    if (fact !== null && store.isWriting) this.#tellEarly(fact)
    for (let writes = 0; writes === 0 || (store.isWriting && !isKnown() && writes < limits.writes_a_line); writes++) {
      store.goOn()
      drain()
    }
    const { overdue } = calls
    if (overdue !== null) this.#tellEarly(overdue)
    stage.isGoingOn = false
  }

  #isKnown(fact: LocalFact): boolean {
    return isConsequence(fact) ? this.#consequences[fact._tag] > 0 : this.#parts.calls.isTold(fact)
  }

  #tellEarly(fact: LocalFact): void {
    const { calls, drain } = this.#parts
    if (!calls.awaits(fact)) return
    this.#learn(fact)
    calls.releaseEarly(fact)
    drain()
  }

  /** A step of ours was told of this fact. */
  heard(fact: LocalFact): void {
    const { calls, stage } = this.#parts
    if (isConsequence(fact)) this.#consequences[fact._tag]++
    const isTold = isConsequence(fact) || this.#reached?._tag === fact._tag || calls.hasToldSuch(fact)
    stage.tell({ kind: "fact", of: stage.scripted && isTold ? "recording" : "stand-in", fact })
  }

  /** The life goes on from a state that is known; what it had asked for before is told as it comes. */
  inherit(): void {
    this.#inheritance.begin()
  }

  /** Whoever was told is no more. */
  lifeOver(): void {
    this.#inheritance.end()
    Object.assign(this.#consequences, { SaveFailed: 0, SaveSucceeded: 0 })
  }
}
