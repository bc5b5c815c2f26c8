import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import * as SchemaIssue from "effect/SchemaIssue"
import { isLong, type Scan, scanJson } from "./jsonScan.ts"

export const json_depth = 500 // levels in a frame or a file of an agent
export const json_values = 250_000 // in a frame or a file of an agent
export const number_digits = 1_000 // of an integer that passes unchanged

/** A number that JavaScript cannot hold, as its digits. `JSON.stringify` writes them unchanged. */
interface RawNumber {
  readonly rawJSON: string
}

/** Every supported Node.js has these, but TypeScript does not know them yet. */
declare global {
  interface JSON {
    parse(
      text: string,
      reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown
    ): unknown
    rawJSON(text: string): RawNumber
    isRawJSON(value: unknown): value is RawNumber
  }
}

/** Whether the hub takes the number: it takes integers of any size, and refuses other numbers that it reads as infinite. */
export const isTakenByHub = (source: string): boolean => /^-?\d+$/.test(source) || Number.isFinite(Number(source))

/** Keeps a long number as it is written. One that the hub would refuse, or that has too many digits, becomes a string. */
const asWritten = (_: string, value: unknown, { source }: { readonly source?: string }): unknown => {
  if (typeof value !== "number" || source === undefined || !isLong(source)) return value
  const digits = source.length - (source.startsWith("-") ? 1 : 0)
  return digits <= number_digits && isTakenByHub(source) ? JSON.rawJSON(source) : source
}

/** Parses JSON text so that writing the value again changes no number. Throws as `JSON.parse` does. */
export const parseExact = (text: string, { hasLongNumbers }: Pick<Scan, "hasLongNumbers"> = scanJson(text)): unknown =>
  hasLongNumbers ? JSON.parse(text, asWritten) : JSON.parse(text)

/** Whether a value from `parseExact` is a number that JavaScript cannot hold. */
export const isRawNumber = (value: unknown): value is RawNumber => JSON.isRawJSON(value)

export const isJsonObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  Predicate.isObject(value) && !isRawNumber(value)

/** A raw number as the nearest number that JavaScript holds; any other value unchanged. */
export const asNumber = (value: unknown): unknown => isRawNumber(value) ? Number(value.rawJSON) : value

// JSON.stringify escapes a surrogate only if it is a lone one. The other escapes are matched to be skipped.
const loneSurrogate = /\\ud[89a-f]/
const escapes = /\\(?:(ud[89a-f][0-9a-f]{2})|.)/g

/**
 * JSON text with well-formed Unicode only: one lone surrogate makes a frame or a request `invalid_json` to the hub. Throws a
 * RangeError if the value is nested too deeply.
 */
export const encodeJson = (value: object): string => {
  const text = JSON.stringify(value)
  if (!loneSurrogate.test(text)) return text
  return text.replace(escapes, (escape, surrogate) => surrogate === undefined ? escape : "\ufffd")
}

/** Why text is not parsed: it has more values or levels than the limits allow, or it is not JSON. */
type JsonProblem =
  | { readonly _tag: "TooMuch"; readonly reason: string; readonly isClosed: boolean }
  | { readonly _tag: "NotJson"; readonly reason: string }

/** Which limit the text exceeds, as the end of a sentence; null if it may be parsed. */
export const excessIn = ({ depth, values }: Scan): string | null => {
  if (depth > json_depth) return `is nested deeper than ${json_depth} levels`
  return values > json_values ? `holds ${values} values, more than ${json_values}` : null
}

/** Parses text that others wrote. Text whose values would take too much memory is refused before any value is made. */
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

/** As `Schema.fromJsonString`, but changes no number. It sets no limits, so use it for our own files only. */
export const fromExactJson = <S extends Schema.Constraint>(schema: S) => {
  const decode = SchemaGetter.transformEffect((text: string, options) =>
    Effect.try({
      try: () => parseExact(text),
      catch: () => new SchemaIssue.InvalidValue({ expected: "a valid JSON string" }, text, options)
    })
  )
  return Schema.String.pipe(Schema.decodeTo(schema, { decode, encode: SchemaGetter.stringifyJson() }))
}
