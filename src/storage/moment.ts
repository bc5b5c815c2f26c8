import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** A moment by both clocks, in milliseconds: the one that tells the time, and the one that nobody can set. */
export interface Moment {
  readonly wall: number
  readonly steady: number
}

export const thisMoment: Effect.Effect<Moment> = Effect.gen(function*() {
  const wall = yield* Clock.currentTimeMillis
  const steady = yield* Clock.monotonicTimeNanos
  return { wall, steady: Number(steady / 1_000_000n) }
})

/** What the clock that tells the time is ahead of the other; it changes when that is set. */
export const skewOf = ({ steady, wall }: Moment): number => wall - steady
