import * as Result from "effect/Result"
import type { JsonObject } from "../../domain/Work.ts"
import { asNumber, isJsonObject, parseBounded } from "../../text/json.ts"

/** What is at a path of fields in an object; undefined if there is nothing. */
export const at = (object: JsonObject, ...path: ReadonlyArray<string>): unknown => {
  let found: unknown = object
  for (const name of path) found = isJsonObject(found) ? found[name] : undefined
  return found
}

/** The text there; empty if there is none. */
export const textAt = (object: JsonObject, ...path: ReadonlyArray<string>): string => {
  const found = at(object, ...path)
  return typeof found === "string" ? found : ""
}

/** The number there; null if there is none. */
export const numberAt = (object: JsonObject, ...path: ReadonlyArray<string>): number | null => {
  const found = asNumber(at(object, ...path))
  return typeof found === "number" && Number.isFinite(found) ? found : null
}

/** The object there; an empty one if there is none. */
export const objectAt = (object: JsonObject, ...path: ReadonlyArray<string>): JsonObject => {
  const found = at(object, ...path)
  return isJsonObject(found) ? found : {}
}

/** The objects in the list there. */
export const objectsAt = (object: JsonObject, ...path: ReadonlyArray<string>): ReadonlyArray<JsonObject> => {
  const found = at(object, ...path)
  return Array.isArray(found) ? found.filter(isJsonObject) : []
}

/** The sum of the numbers in these fields; null if none of them is there. */
export const sumOf = (object: JsonObject, ...names: ReadonlyArray<string>): number | null => {
  const numbers = names.map((name) => numberAt(object, name)).filter((number) => number !== null)
  return numbers.length === 0 ? null : numbers.reduce((sum, number) => sum + number, 0)
}

/** A text in which the body of an answer of a model's service is replaced by its message. */
export const messageIn = (text: string): string =>
  text.replace(/\{.*\}/s, (body) => {
    const value = Result.getOrUndefined(parseBounded(body))
    return isJsonObject(value) ? textAt(value, "error", "message") || body : body
  })
