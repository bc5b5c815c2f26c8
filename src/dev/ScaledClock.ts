import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** A clock that runs faster than real time and can be moved forward at will. */
export interface ScaledClock extends Clock.Clock {
  /** Moves the clock forward at once, in virtual ms. Sleepers that are due wake up. */
  readonly advance: (millis: number) => Effect.Effect<void>
  /** Waits in real time, in ms. */
  readonly sleepReal: (millis: number) => Effect.Effect<void>
}

const NANOS_PER_MILLI = 1_000_000

/** Effect's default clock. */
const real: Clock.Clock = Context.get(Context.empty(), Clock.Clock)

/** A clock that starts at the present time and runs `scale` times as fast as the real one. */
export const make = (scale: number): ScaledClock => {
  const epoch = real.currentTimeMillisUnsafe()
  const start = real.monotonicTimeNanosUnsafe()
  let skipped = 0
  let moved = Deferred.makeUnsafe<void>()

  const elapsed = (): number => Number(real.monotonicTimeNanosUnsafe() - start) / NANOS_PER_MILLI * scale + skipped
  const millis = (): number => Math.floor(epoch + elapsed())
  const nanos = (): bigint => start + BigInt(Math.floor(elapsed() * NANOS_PER_MILLI))
  const wallNanos = (): bigint => BigInt(epoch) * BigInt(NANOS_PER_MILLI) + nanos() - start

  const sleepUntil = (due: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = due - elapsed()
      return left <= 0 ? Effect.void : Effect.raceFirst(
        real.sleep(Duration.millis(left / scale)),
        Deferred.await(moved)
      ).pipe(Effect.andThen(sleepUntil(due)))
    })

  return {
    currentTimeMillisUnsafe: millis,
    currentTimeMillis: Effect.sync(millis),
    currentTimeNanosUnsafe: wallNanos,
    currentTimeNanos: Effect.sync(wallNanos),
    monotonicTimeNanosUnsafe: nanos,
    monotonicTimeNanos: Effect.sync(nanos),
    sleep: (duration) => Effect.suspend(() => sleepUntil(elapsed() + Duration.toMillis(duration))),
    sleepReal: (duration) => real.sleep(Duration.millis(duration)),
    advance: (duration) =>
      Effect.sync(() => {
        skipped += duration
        const before = moved
        moved = Deferred.makeUnsafe<void>()
        Deferred.doneUnsafe(before, Effect.void)
      })
  }
}

/** Makes time pass `scale` times as fast. */
export const layer = (scale: number): Layer.Layer<never> => Layer.sync(Clock.Clock, () => make(scale))
