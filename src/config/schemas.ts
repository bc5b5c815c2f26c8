import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** Text that fits the pattern. */
export const text = (pattern: RegExp, message: string) => Schema.String.check(Schema.isPattern(pattern, { message }))

/** How long a text may be. */
export const upTo = (characters: number) =>
  Schema.isMaxLength(characters, { message: `must be at most ${characters} characters` })

/** A whole number from one bound to the other. */
export const whole = (minimum: number, maximum: number, unit: string) =>
  Schema.Number.check(
    Schema.isInt({ message: "must be a whole number" }),
    Schema.isBetween({ minimum, maximum }, { message: `must be ${minimum} to ${maximum} ${unit}` })
  )

/** A whole number from 1 on, with a default. */
export const wholeOr = (fallback: number, maximum: number, unit: string) =>
  whole(1, maximum, unit).pipe(Schema.withDecodingDefaultKey(Effect.succeed(fallback)))
