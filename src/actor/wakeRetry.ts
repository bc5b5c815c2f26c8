import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Pull from "effect/Pull"
import * as Schedule from "effect/Schedule"
import { domainLimits } from "../domain/limits.ts"

const [first, ...later] = domainLimits.wake_retries_ms

/** Rule 6: the delays before the retries of a wake: 5, 15, 30 s, then none. */
export const wakeRetry = later.reduce<Schedule.Schedule<Duration.Duration>>(
  (delays, ms) => Schedule.concat(delays, Schedule.duration(ms)),
  Schedule.duration(first)
)

/** Waits before the retry that follows that many failed attempts. After more than the schedule has, its last delay counts. */
export const awaitRetry = Effect.fnUntraced(function*(failed_attempts: number) {
  const step = yield* Schedule.toStep(wakeRetry)
  const now = yield* Clock.currentTimeMillis
  let delay = Duration.zero
  for (let attempt = 1; attempt <= failed_attempts; attempt++) {
    const next = yield* step(now, undefined).pipe(Pull.catchDone(() => Effect.succeed(undefined)))
    if (next === undefined) break
    delay = next[1]
  }
  yield* Effect.sleep(delay)
})
