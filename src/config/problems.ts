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
  path.map((key) => typeof key === "number" ? `[${key}]` : `.${String(key)}`).join("")

const suggestion = (key: string, keys: ReadonlyArray<string>): string => {
  const near = nearest(key, keys)
  return near === undefined ? "" : `; did you mean ${near}?`
}

/**
 * One line for each thing wrong in the configuration, none of which quotes a value. `file` is its name, `nameOf` gives the
 * name under which a key was said, `keys` are those it may have.
 */
export const problems = (
  file: string,
  error: Schema.SchemaError,
  keys: ReadonlyArray<string>,
  nameOf: (key: string) => string
): ReadonlyArray<string> =>
  format(error.issue).issues.map(({ message, path = [] }) => {
    const [key, ...inside] = path.map((segment) => typeof segment === "object" ? segment.key : segment)
    if (key === undefined) return `${file}: ${message}`
    const hint = message === unknownKey ? suggestion(String(key), keys) : ""
    return `${nameOf(String(key))}${place(inside)}: ${message}${hint}`
  })
