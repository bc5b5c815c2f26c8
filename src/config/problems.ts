import type * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { nearest } from "./nearest.ts"

const unknownKey = "is not a key of the configuration"

const inWords: Readonly<Record<string, string>> = {
  string: "text in double quotes",
  boolean: "true or false",
  number: "a number",
  array: "a list in [ ]",
  object: "a JSON object in { }"
}

const leafHook: SchemaIssue.LeafHook = (issue) => {
  if (issue._tag === "MissingKey") return "is missing"
  if (issue._tag === "UnexpectedKey") return unknownKey
  const message = SchemaIssue.defaultLeafHook(issue)
  const expected = /^Expected (?:an? )?(.*)$/.exec(message)?.[1]
  return expected === undefined ? message : `must be ${inWords[expected] ?? `a ${expected}`}`
}

const format = SchemaIssue.makeFormatterStandardSchemaV1({ leafHook })

const place = (path: ReadonlyArray<unknown>): string =>
  path.map((key, index) => typeof key === "number" ? `[${key}]` : `${index === 0 ? "" : "."}${String(key)}`).join("")

const suggestion = (key: string, keys: ReadonlyArray<string>): string => {
  const near = nearest(key, keys)
  return near === undefined ? "" : `; did you mean ${near}?`
}

/** One line for each thing wrong in the file, none of which quotes a value. `keys` are those the file may have. */
export const problems = (
  file: string,
  error: Schema.SchemaError,
  keys: ReadonlyArray<string>
): ReadonlyArray<string> =>
  format(error.issue).issues.map(({ message, path = [] }) => {
    const keyed = path.map((segment) => typeof segment === "object" ? segment.key : segment)
    const where = place(keyed)
    const hint = message === unknownKey ? suggestion(where, keys) : ""
    return [file, ...(where === "" ? [] : [where]), `${message}${hint}`].join(": ")
  })
