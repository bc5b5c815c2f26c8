import type * as Effect from "effect/Effect"
import type { Fault } from "./faults.ts"
import type { Life } from "./scene.ts"

/** What a run gives its daemon, and what has to come of it. */
export interface Given {
  /** Whether a life that nobody kills has done all of it. */
  readonly isDone: (life: Life) => boolean
  /** What is wrong at the very moment of a kill. */
  readonly atTheKill: Effect.Effect<ReadonlyArray<Fault>>
  /** What is wrong in the end, under a daemon that lives and is left alone. */
  readonly inTheEnd: Effect.Effect<ReadonlyArray<Fault>>
  /** Gives the daemon more of the same. */
  readonly next: Effect.Effect<Given>
}
