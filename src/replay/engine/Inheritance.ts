import type { LocalFact } from "../LocalFact.ts"
import type { Agents } from "./Agents.ts"
import type { Calls } from "./Calls.ts"
import type { Sleepers } from "./Sleepers.ts"
import { keyOfFact } from "./Window.ts"

interface InheritanceParts {
  readonly agents: Agents
  readonly calls: Calls
  readonly sleepers: Sleepers
}

/** What a life whose beginning was not recorded had asked for by then: nobody waits for the outcome, which is told as it is. */
export class Inheritance {
  readonly #parts: InheritanceParts
  #given: Set<string> | null = null
  #woken: Set<string> = new Set()

  constructor(parts: InheritanceParts) {
    this.#parts = parts
  }

  /** A life goes on. */
  begin(): void {
    this.#given = new Set()
    this.#woken = new Set()
  }

  /** That life is over. */
  end(): void {
    this.#given = null
  }

  /** Whether the fact is an outcome of what was asked for before; of each kind there is one. */
  takes(fact: LocalFact): boolean {
    const { agents, calls, sleepers } = this.#parts
    if (this.#given === null) return false
    switch (fact._tag) {
      case "AgentStarted":
      case "ProgressFound":
      case "ResultFound":
        return !agents.isWatched(fact.task_id)
      case "WakeExited":
        return !this.#woken.has(fact.wake_id) && this.#takesOnce(this.#given, fact.wake_id)
      case "RetryDue":
      case "TimerFired":
        return !sleepers.awaits(fact) && this.#takesOnce(this.#given, keyOfFact(fact))
      case "WakeSpawned": {
        const isOurs = calls.awaits(fact) || calls.isTold(fact)
        if (isOurs) this.#woken.add(fact.wake_id)
        return !isOurs && this.#takesOnce(this.#given, keyOfFact(fact))
      }
      case "WakeImpossible":
      case "AgentStopped":
      case "TaskLookedUp":
        return !calls.awaits(fact) && !calls.isTold(fact) && this.#takesOnce(this.#given, keyOfFact(fact))
      default:
        return false
    }
  }

  #takesOnce(given: Set<string>, key: string): boolean {
    const isNew = !given.has(key)
    given.add(key)
    return isNew
  }
}
