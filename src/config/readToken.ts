import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { resolve } from "node:path"
import { configLimits } from "./limits.ts"
import { readBounded } from "./readBounded.ts"
import { readFault } from "./readFault.ts"

/** The first line of the file, as a file of secrets has it, with or without an end. */
const readSecret = (path: string): Effect.Effect<string, string> =>
  Effect.tryPromise(() => readBounded(path, configLimits.token_chars)).pipe(
    Effect.mapError(({ cause }) => `${path} cannot be read: ${readFault(cause)}`),
    Effect.map((bytes) => bytes?.toString().trim() ?? ""),
    Effect.filterOrFail((text) => text !== "", () => `${path} must hold the token and nothing else`)
  )

/** What the configuration says with the token of its `token_file` in it; fails with what is wrong with that. */
export const withToken = (folder: string, json: unknown): Effect.Effect<unknown, string> => {
  if (!Predicate.hasProperty(json, "token_file") || !Predicate.isString(json.token_file)) return Effect.succeed(json)
  if (Predicate.hasProperty(json, "token")) return Effect.fail("must not be given beside token: one of them is enough")
  return Effect.map(readSecret(resolve(folder, json.token_file)), (token) => ({ ...json, token }))
}
