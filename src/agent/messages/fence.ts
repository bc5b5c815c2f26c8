import { layerWebCrypto, SecureRandom } from "effect/crypto/SecureRandom"
import * as Effect from "effect/Effect"
import type { JsonObject } from "../../domain/Work.ts"
import { quote, unprintable } from "../../text/terminal.ts"

const mark_bytes = 16 // nobody guesses it

/** Text of others on lines of its own. It cannot end the fence, as long as the mark does not stand in it. */
export const fenced = (what: string, mark: string, text: string): string =>
  `===== ${what} ${mark} begins =====\n${text}\n===== ${what} ${mark} ends =====`

const randomMark: Effect.Effect<string> = Effect.flatMap(
  SecureRandom,
  ({ randomBytes }) => randomBytes(mark_bytes)
).pipe(
  Effect.map((bytes) => Buffer.from(bytes).toString("hex")),
  Effect.provide(layerWebCrypto)
)

/** A random mark that stands in none of the texts. */
export const markFor = (
  texts: ReadonlyArray<string>,
  draw: Effect.Effect<string> = randomMark
): Effect.Effect<string> => Effect.repeat(draw, { until: (mark) => !texts.some((text) => text.includes(mark)) })

/** Agents read the file behind an at sign in a prompt (`@config.json`), and nobody who writes to them may choose it. */
const at = "@"

/** A value as JSON on one line. */
export const quoted = (value: unknown): string => quote(value).replaceAll(at, "\\u0040")

const asEscape = (character: string): string => `\\u{${character.codePointAt(0)?.toString(16)}}`

/** The text on its lines, with all other characters escaped that nobody sees or that change how the rest is read. */
export const visible = (text: string): string =>
  text.replaceAll("\r\n", "\n")
    .replaceAll(/[^\P{Cc}\n\t]|\p{Cs}/gu, asEscape)
    .replaceAll(unprintable, asEscape)
    .replaceAll(at, asEscape)

/** What the payload says besides the sidecars' own marks: one text, or JSON as it came. */
export const contentOf = (payload: JsonObject): { readonly what: "text" | "payload"; readonly text: string } => {
  const { agentcom_key: _, hops: __, text, ...others } = payload
  return typeof text === "string" && Object.keys(others).length === 0
    ? { what: "text", text: visible(text) }
    : { what: "payload", text: quoted(payload) }
}
