import * as Effect from "effect/Effect"
import type { LocalFact } from "../LocalFact.ts"
import type { LocalVerdict } from "../ReplayEvent.ts"
import type { Stage } from "./Stage.ts"
import { keyOfFact } from "./Window.ts"

type Resume = (fact: LocalFact) => void

/** How the outcome of a call is found; `otherwise` is what it is where the recording has none. */
export interface Ask<A, E> {
  readonly keys: ReadonlyArray<string>
  readonly within_ms: number
  readonly begins: (verdict: LocalVerdict) => void
  readonly outcome: (fact: LocalFact) => Effect.Effect<A, E>
  readonly otherwise: Effect.Effect<A, E>
}

/** The calls of the services that wait until the recording reaches their outcome. */
export class Calls {
  readonly #stage: Stage
  readonly #waiting = new Map<string, Array<Resume>>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Waits for the outcome where it is ahead; where the life is cut off before it, for ever. */
  ask<A, E = never>({ begins, keys, otherwise, outcome, within_ms }: Ask<A, E>): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const recorded = this.#stage.scripted && this.#stage.hasOutcome(keys, within_ms)
      const verdict = this.#stage.verdictOn(recorded)
      begins(verdict)
      if (recorded) return Effect.flatMap(this.until(keys), outcome)
      return verdict === "beyond" ? Effect.never : otherwise
    })
  }

  /** Waits until the recording reaches a fact of one of the keys. */
  until(keys: ReadonlyArray<string>): Effect.Effect<LocalFact> {
    return Effect.callback((resume) => {
      const told: Resume = (fact) => {
        forget()
        resume(Effect.succeed(fact))
      }
      const forget = () => {
        for (const key of keys) {
          const left = (this.#waiting.get(key) ?? []).filter((one) => one !== told)
          if (left.length === 0) this.#waiting.delete(key)
          else this.#waiting.set(key, left)
        }
      }
      for (const key of keys) this.#waiting.set(key, [...this.#waiting.get(key) ?? [], told])
      return Effect.sync(forget)
    })
  }

  /** Gives the fact to the call that waits for it; false where none does. */
  release(fact: LocalFact): boolean {
    const told = this.#waiting.get(keyOfFact(fact))?.[0]
    told?.(fact)
    return told !== undefined
  }

  /** Whoever waited is no more. */
  clear(): void {
    this.#waiting.clear()
  }
}
