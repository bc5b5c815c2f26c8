import * as Result from "effect/Result"
import { limits } from "../limits.ts"
import { parseExact } from "./exact.ts"
import { type Scan, scanJson } from "./scan.ts"

/** Why text is not taken: it holds more than we may make values of, or it is no JSON. */
export type JsonProblem =
  | { readonly _tag: "TooMuch"; readonly reason: string; readonly isClosed: boolean }
  | { readonly _tag: "NotJson"; readonly reason: string }

/** What there is too much of, as the end of a sentence; null where it may be parsed. */
export const excessIn = ({ depth, values }: Scan): string | null => {
  if (depth > limits.json_depth) return `is nested deeper than ${limits.json_depth} levels`
  return values > limits.json_values ? `holds ${values} values, more than ${limits.json_values}` : null
}

/** Parses the text, unless a look at it has shown that its values would take too much memory. */
export const parseBounded = (text: string, scan: Scan = scanJson(text)): Result.Result<unknown, JsonProblem> => {
  const excess = excessIn(scan)
  if (excess !== null) return Result.fail({ _tag: "TooMuch", reason: excess, isClosed: scan.isClosed })
  return Result.try({
    try: () => parseExact(text, scan),
    catch: (cause): JsonProblem => ({
      _tag: "NotJson",
      reason: `is not JSON (${cause instanceof Error ? cause.message : String(cause)})`
    })
  })
}
