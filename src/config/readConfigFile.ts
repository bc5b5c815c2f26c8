import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { isAbsolute, relative, resolve } from "node:path"
import { jsonFault } from "./jsonFault.ts"
import { configLimits } from "./limits.ts"
import { readBounded } from "./readBounded.ts"
import { readFault } from "./readFault.ts"

/** A path as one would type it here. */
const typed = (path: string): string => {
  const short = relative("", path)
  const shown = isAbsolute(short) || short.startsWith("..") ? path : short
  return /^[\w./:\\@-]+$/.test(shown) ? shown : `"${shown}"`
}

const notFound = (path: string, example: string, windows: boolean): string => {
  const copy = `${windows ? "copy" : "cp"} ${typed(example)} ${typed(resolve(path))}`
  return `there is no such file; make one by agentcom-sidecar init, or from config.example.json and fill it in: ${copy}`
}

const parse = (text: string): Effect.Effect<unknown, string> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => `is not JSON at ${jsonFault(text) ?? "an unknown place"}`
  })

/**
 * The JSON in the configuration file; fails with the sentence that says why there is none. `example` is copied to make
 * one, unless it need not be there.
 */
export const readConfigFile = (
  path: string,
  example: string,
  windows: boolean,
  isNeeded: boolean
): Effect.Effect<unknown, string> =>
  Effect.tryPromise(() => readBounded(path, configLimits.file_bytes)).pipe(
    Effect.catch(({ cause }) => {
      const isMissing = Predicate.hasProperty(cause, "code") && cause.code === "ENOENT"
      if (isMissing && !isNeeded) return Effect.succeed("{}")
      return Effect.fail(isMissing ? notFound(path, example, windows) : `cannot be read: ${readFault(cause)}`)
    }),
    Effect.flatMap((text) =>
      text === undefined
        ? Effect.fail(`must be at most ${configLimits.file_bytes} bytes`)
        : parse(text.toString().replace(/^\uFEFF/, "")) // Windows editors put a byte order mark first
    )
  )
