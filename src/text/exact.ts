import * as Predicate from "effect/Predicate"
import { limits } from "../limits.ts"
import { isLong, type Scan, scanJson } from "./scan.ts"

/** A number that JavaScript cannot hold, by its digits; `JSON.stringify` writes them as they are. */
interface RawNumber {
  readonly rawJSON: string
}

/** What every Node.js that we run on has, and TypeScript does not know yet. */
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

/** Whether the hub takes the number: it knows whole ones of any size, and refuses others that are infinite to it. */
export const isTakenByHub = (source: string): boolean => /^-?\d+$/.test(source) || Number.isFinite(Number(source))

/** A long number stays as it is written; one that the hub would refuse, or that has too many digits, becomes text. */
const asWritten = (_: string, value: unknown, { source }: { readonly source?: string }): unknown => {
  if (typeof value !== "number" || source === undefined || !isLong(source)) return value
  const digits = source.length - (source.startsWith("-") ? 1 : 0)
  return digits <= limits.number_digits && isTakenByHub(source) ? JSON.rawJSON(source) : source
}

/** Parses JSON text so that writing it again changes no number. Throws as `JSON.parse` does. */
export const parseExact = (text: string, { hasLongNumbers }: Pick<Scan, "hasLongNumbers"> = scanJson(text)): unknown =>
  hasLongNumbers ? JSON.parse(text, asWritten) : JSON.parse(text)

/** Whether the value, as `parseExact` gives it, is a number that JavaScript cannot hold. */
export const isRawNumber = (value: unknown): value is RawNumber => JSON.isRawJSON(value)

export const isJsonObject = (value: unknown): value is { readonly [key: string]: unknown } =>
  Predicate.isObject(value) && !isRawNumber(value)

/** The nearest number that JavaScript holds, where the value is one; anything else as it is. */
export const asNumber = (value: unknown): unknown => isRawNumber(value) ? Number(value.rawJSON) : value
