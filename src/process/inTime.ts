import * as Effect from "effect/Effect"
import { FileError } from "../storage/files.ts"
import { wakerLimits } from "./limits.ts"

/** A look that takes too long tells nothing: it must not hold up the mailbox. */
export const inTime = <A>(
  path: string,
  look: Effect.Effect<A, FileError>,
  within_ms: number = wakerLimits.look_ms
): Effect.Effect<A, FileError> =>
  Effect.timeoutOrElse(look, {
    duration: within_ms,
    orElse: () =>
      Effect.fail(
        new FileError({ path, code: "ETIMEDOUT", reason: `${path} could not be read within ${within_ms} ms` })
      )
  })
