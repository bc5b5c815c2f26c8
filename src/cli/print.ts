import * as Effect from "effect/Effect"
import { Output, type OutputUnwritten } from "../replay/print/Output.ts"

/** Writes lines to standard output, and waits until they are written or nobody reads them. */
export const print = (lines: ReadonlyArray<string>): Effect.Effect<void, OutputUnwritten> => {
  const output = new Output(process.stdout)
  return Effect.andThen(output.lines(lines), output.flush).pipe(Effect.catchTag("NobodyReads", () => Effect.void))
}
