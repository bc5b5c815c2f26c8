import * as Effect from "effect/Effect"
import type { Secret } from "./secret.ts"

/** What stands in the place of a secret. */
export const mask = "<redacted>"

/** The text without the secrets; a longer one goes before one that it begins with. */
export const withoutSecrets = (text: string, secrets: ReadonlyArray<Secret>): string =>
  secrets
    .map(({ value }) => value)
    .filter((value) => value !== "")
    .toSorted((a, b) => b.length - a.length)
    .reduce((masked, value) => masked.replaceAll(value, mask), text)

/**
 * Text that a program printed, as it may be quoted in a reason, a log or a page: without the secrets that are known and
 * without what looks like one.
 */
export const quotable = (text: string, secrets: ReadonlyArray<Secret>): Effect.Effect<string> =>
  text.trim() === "" ? Effect.succeed(text) : Effect.promise(async () => {
    const { withoutPatterns } = await import("./patterns.ts") // loaded only when there is something to quote
    return withoutPatterns(withoutSecrets(text, secrets))
  })
