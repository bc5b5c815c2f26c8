import * as Effect from "effect/Effect"
import { execLimits } from "./limits.ts"

const inWords = (ms: number): string => {
  const minutes = Math.round(ms / 60_000)
  return minutes < 1 ? `${Math.round(ms / 1_000)} s` : `${minutes} min`
}

/** What is told while a program prints nothing: it may be waiting for its model. */
const silentFor = (ms: number): string =>
  `no word for ${inWords(ms)}: the model may be slow, or it limits how often it may be asked`

/** The failure of a program that was stopped because it printed nothing. */
export const silenceReason = (program: string, limit_ms: number): string =>
  `the command ${program} printed nothing for ${
    inWords(limit_ms)
  } (output_silence_ms) and was stopped: its model may not answer`

/** Watches how long there is no output. `heard` is called for each output. */
export const watchSilence = (limit_ms: number, tell: (what: string) => void) => {
  let quiet_looks = 0
  const look = Effect.gen(function*() {
    yield* Effect.sleep(execLimits.silence_look_ms)
    quiet_looks += 1
    const quiet_ms = quiet_looks * execLimits.silence_look_ms
    if (quiet_ms % execLimits.silence_told_ms === 0) tell(silentFor(quiet_ms))
    return quiet_ms >= limit_ms
  })
  return {
    heard: (): void => {
      quiet_looks = 0
    },
    /** Succeeds when there was no output for `limit_ms`. A machine that slept does not count as silent. */
    tooLong: Effect.repeat(look, { until: (isOver) => isOver })
  }
}
