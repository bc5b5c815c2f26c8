import * as Option from "effect/Option"
import { isJsonObject, isTakenByHub } from "../text/exact.ts"
import { isLong, scanJson } from "../text/scan.ts"

export { isJsonObject }
export type JsonObject = { readonly [key: string]: unknown }

const children = (u: unknown): ReadonlyArray<unknown> =>
  Array.isArray(u) ? u : isJsonObject(u) ? [...Object.keys(u), ...Object.values(u)] : []

const isStorable = (u: unknown): boolean =>
  typeof u === "string" ? u.isWellFormed() : typeof u !== "number" || Number.isFinite(u)

/** Whether every text is well-formed Unicode and every number finite, which the hub's own parser insists on. */
const isStrict = (root: unknown): boolean => {
  const pending: Array<unknown> = [root]
  while (pending.length > 0) {
    const value = pending.pop()
    if (!isStorable(value)) return false
    for (const child of children(value)) pending.push(child)
  }
  return true
}

/** The hub knows whole numbers of any size. */
const asTheHub = (_: string, value: unknown, { source = "" }: { readonly source?: string }): unknown =>
  typeof value === "number" && isLong(source) && isTakenByHub(source) ? JSON.rawJSON(source) : value

/** Parses as the hub does: stricter than `JSON.parse` about lone surrogates and numbers beyond range. */
export const parseJson = (text: string): Option.Option<unknown> => {
  try {
    // A reviver is recursive: it has to do only with the text that needs it.
    const value: unknown = scanJson(text).hasLongNumbers ? JSON.parse(text, asTheHub) : JSON.parse(text)
    return isStrict(value) ? Option.some(value) : Option.none()
  } catch {
    return Option.none()
  }
}

/** The field when it is a text; absent, null and other types give the fallback. */
export const text = <A>(object: JsonObject, key: string, fallback: A): string | A => {
  const value = object[key]
  return typeof value === "string" ? value : fallback
}

/** The field when it is a number; absent, null and other types give the fallback. */
export const number = <A>(object: JsonObject, key: string, fallback: A): number | A => {
  const value = object[key]
  return typeof value === "number" ? value : fallback
}

/** The field when it is an object; anything else gives an empty one. */
export const object = (from: JsonObject, key: string): JsonObject => {
  const value = from[key]
  return isJsonObject(value) ? value : {}
}

/** The texts of an array field; anything else gives none. */
export const texts = (from: JsonObject, key: string): ReadonlyArray<string> => {
  const value = from[key]
  return Array.isArray(value) ? value.filter((item) => typeof item === "string") : []
}

/** The array field as it came; anything else gives an empty one. */
export const array = (from: JsonObject, key: string): ReadonlyArray<unknown> => {
  const value = from[key]
  return Array.isArray(value) ? value : []
}
