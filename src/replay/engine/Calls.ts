import * as Effect from "effect/Effect"
import { isLocalFact, type LocalFact } from "../LocalFact.ts"
import type { LocalVerdict } from "../ReplayEvent.ts"
import type { Stage } from "./Stage.ts"
import { factKey, keyOfFact } from "./Window.ts"

type Resume = (fact: LocalFact) => void

/** How the outcome of a call is found; `otherwise` is what it is where the recording has none. */
export interface Ask<A, E> {
  readonly keys: ReadonlyArray<string>
  readonly within_ms: number
  readonly begins: (verdict: LocalVerdict) => void
  readonly outcome: (fact: LocalFact) => Effect.Effect<A, E>
  readonly otherwise: Effect.Effect<A, E>
  /** Whether it ends without an outcome where that command is decided on. */
  readonly isEndedBy?: (brief: string) => boolean
  /** Nothing else is done until the outcome is there, so that it was there before whatever was done next. */
  readonly blocks?: boolean
}

/** The calls of the services that wait until the recording reaches their outcome. */
export class Calls {
  readonly #stage: Stage
  readonly #waiting = new Map<string, Array<Resume>>()
  #blocking: string | null = null
  readonly #told = new Set<LocalFact>()
  readonly #abandoned = new Set<string>()

  constructor(stage: Stage) {
    this.#stage = stage
  }

  /** Waits for the outcome where it is ahead; where the life is cut off before it, for ever. */
  ask<A, E = never>(
    { begins, blocks = false, isEndedBy = () => false, keys, otherwise, outcome, within_ms }: Ask<A, E>
  ): Effect.Effect<A, E> {
    return Effect.suspend(() => {
      const recorded = this.#stage.scripted && this.#stage.hasOutcome(keys, within_ms)
      const isEnded = !recorded && this.#stage.decidesWithin(within_ms, isEndedBy)
      const verdict = this.#stage.verdictOn(recorded || isEnded, within_ms)
      begins(verdict)
      if (blocks) this.#blocking = recorded ? keys[0] ?? null : null
      if (recorded) return Effect.flatMap(this.until(keys), outcome)
      if (isEnded) return Effect.never
      return verdict === "beyond" && !(blocks && this.#stage.window.sendsNext) ? Effect.never : otherwise
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
      return Effect.sync(() => {
        forget()
        for (const key of keys) this.#abandoned.add(key)
      })
    })
  }

  /**
   * The recorded sidecar takes its next step. Where that is not the outcome of the call that kept it from it, the outcome
   * was there before, and its step comes later.
   */
  get overdue(): LocalFact | null {
    const { sendsNext, steps: [step] } = this.#stage.window
    const entry = this.#blocking === null ? undefined : this.#stage.window.inThisLife(this.#blocking)
    if (entry === undefined || sendsNext || entry === step) return null
    return entry.dir === "local" && "msg" in entry && isLocalFact(entry.msg) ? entry.msg : null
  }

  /** Whether something waits for an outcome before anything else is done. */
  get isBlocked(): boolean {
    return this.#blocking !== null
  }

  /** Gives a fact to its call before the recording reaches it. */
  releaseEarly(fact: LocalFact): void {
    if (this.release(fact)) this.#told.add(fact)
  }

  awaits(fact: LocalFact): boolean {
    return this.#waiting.has(keyOfFact(fact))
  }

  isTold(fact: LocalFact): boolean {
    return this.#told.has(fact)
  }

  /** Whether such a fact was given to its call early. */
  hasToldSuch(fact: LocalFact): boolean {
    const key = keyOfFact(fact)
    return [...this.#told].some((told) => keyOfFact(told) === key)
  }

  /** Whether the fact was given to its call before. */
  wasTold(fact: LocalFact): boolean {
    return this.#told.delete(fact)
  }

  /**
   * Whether the fact is the outcome of a call that was ended while it waited: in the recorded sidecar it was there just
   * before that. A wake that was ended so goes on until it exits.
   */
  wasAbandoned(fact: LocalFact): boolean {
    const found = this.#abandoned.delete(keyOfFact(fact))
    if (found && fact._tag === "WakeSpawned") this.#abandoned.add(factKey("WakeExited", fact.task_id))
    return found
  }

  /** Gives the fact to the call that waits for it; false where none does. */
  release(fact: LocalFact): boolean {
    const key = keyOfFact(fact)
    if (this.#blocking === key) this.#blocking = null
    const told = this.#waiting.get(key)?.[0]
    told?.(fact)
    return told !== undefined
  }

  /** Whoever waited is no more. */
  clear(): void {
    this.#waiting.clear()
    this.#told.clear()
    this.#abandoned.clear()
    this.#blocking = null
  }
}
