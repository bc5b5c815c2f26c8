import * as Option from "effect/Option"
import { isJsonObject, isTakenByHub } from "../text/json.ts"
import { isLong, scanJson } from "../text/jsonScan.ts"

export { isJsonObject }
export type JsonObject = { readonly [key: string]: unknown }

const children = (u: unknown): ReadonlyArray<unknown> =>
  Array.isArray(u) ? u : isJsonObject(u) ? [...Object.keys(u), ...Object.values(u)] : []

const isStorable = (u: unknown): boolean =>
  typeof u === "string" ? u.isWellFormed() : typeof u !== "number" || Number.isFinite(u)

/** Whether every text is well-formed Unicode and every number is finite, as the real hub's parser demands. */
const isStrict = (root: unknown): boolean => {
  const pending: Array<unknown> = [root]
  while (pending.length > 0) {
    const value = pending.pop()
    if (!isStorable(value)) return false
    for (const child of children(value)) pending.push(child)
  }
  return true
}

/** The real hub has integers of any size. */
const asTheHub = (_: string, value: unknown, { source = "" }: { readonly source?: string }): unknown =>
  typeof value === "number" && isLong(source) && isTakenByHub(source) ? JSON.rawJSON(source) : value

/** Parses as the real hub does: stricter than `JSON.parse` about lone surrogates and numbers out of range. */
export const parseJson = (text: string): Option.Option<unknown> => {
  try {
    // A reviver recurses, so it is only used for text that needs it.
    const value: unknown = scanJson(text).hasLongNumbers ? JSON.parse(text, asTheHub) : JSON.parse(text)
    return isStrict(value) ? Option.some(value) : Option.none()
  } catch {
    return Option.none()
  }
}

/** The field if it is a string, otherwise the fallback. */
export const text = <A>(object: JsonObject, key: string, fallback: A): string | A => {
  const value = object[key]
  return typeof value === "string" ? value : fallback
}

/** The field if it is a number, otherwise the fallback. */
export const number = <A>(object: JsonObject, key: string, fallback: A): number | A => {
  const value = object[key]
  return typeof value === "number" ? value : fallback
}

/** The field if it is an object, otherwise an empty one. */
export const object = (from: JsonObject, key: string): JsonObject => {
  const value = from[key]
  return isJsonObject(value) ? value : {}
}

/** The strings of an array field; none if it is not an array. */
export const texts = (from: JsonObject, key: string): ReadonlyArray<string> => {
  const value = from[key]
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : []
}

/** The field if it is an array, otherwise an empty one. */
export const array = (from: JsonObject, key: string): ReadonlyArray<unknown> => {
  const value = from[key]
  return Array.isArray(value) ? value : []
}
