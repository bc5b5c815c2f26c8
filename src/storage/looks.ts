import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import { limits } from "../limits.ts"
import type { Logger } from "../services/Logger.ts"
import type { FileError } from "./files.ts"

/** Looks that may come to nothing, as something cannot be read. That is told once while it lasts. */
export const makeLooks = (log: Logger["Service"]["log"]) => {
  let told: string | null = null
  const tell = ({ path, reason }: FileError) =>
    Effect.suspend(() => {
      if (told === reason) return Effect.void
      told = reason
      return log({ event: "file_trouble", path, reason })
    })
  const once = <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A, FileError> =>
    look.pipe(
      Effect.tapError(tell),
      Effect.tap(() =>
        Effect.sync(() => {
          told = null
        })
      )
    )
  return {
    once,
    /** Looks again until it comes to something: what cannot be read must not make a living agent seem gone. */
    untilKnown: <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A> =>
      once(look).pipe(Effect.retry(Schedule.spaced(limits.look_again_ms)), Effect.orDie)
  }
}

export type Looks = ReturnType<typeof makeLooks>
