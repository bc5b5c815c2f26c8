import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"

/** A moment in milliseconds: `wall` is epoch time, which somebody may set; `steady` is a clock that nobody can set. */
export interface Moment {
  readonly wall: number
  readonly steady: number
}

export const thisMoment: Effect.Effect<Moment> = Effect.gen(function*() {
  const wall = yield* Clock.currentTimeMillis
  const steady = yield* Clock.monotonicTimeNanos
  return { wall, steady: Number(steady / 1_000_000n) }
})

/** How far the wall clock is ahead of the steady one. It changes only when somebody sets the wall clock. */
export const skewOf = ({ steady, wall }: Moment): number => wall - steady
