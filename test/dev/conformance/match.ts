import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"

/** Maps recorded ids to the ids of this run. */
export interface Bindings {
  readonly bind: (recorded: string, actual: string) => void
  /** The value with every recorded id replaced by that of this run. */
  readonly translate: (value: unknown) => unknown
  readonly translateText: (text: string) => string
  /** The differences, except in ids and times and in what a probe left out as "..". */
  readonly differences: (expected: unknown, actual: unknown, path?: string) => ReadonlyArray<string>
}

const TIMES = new Set(["timestamp", "assigned_at", "connected_at"])
const TASK_ID = /^task-[0-9a-f]{16}$/
const MESSAGE_ID = /^[0-9a-f]{16}$/

const isId = (key: string, value: string): boolean => TASK_ID.test(value) || (key === "id" && MESSAGE_ID.test(value))

/** An id that was matched once must stay the same. */
export const makeBindings = (): Bindings => {
  const actualOf = new Map<string, string>()

  const translateText = (text: string): string => text.replaceAll(/task-[0-9a-f]{16}/g, (id) => actualOf.get(id) ?? id)

  const translate = (value: unknown): unknown =>
    typeof value === "string"
      ? translateText(value)
      : Array.isArray(value)
      ? value.map(translate)
      : isJsonObject(value)
      ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, translate(one)]))
      : value

  const sameId = (recorded: string, actual: string): boolean => {
    const bound = actualOf.get(recorded)
    if (bound !== undefined) return bound === actual
    if ([...actualOf.values()].includes(actual)) return false
    actualOf.set(recorded, actual)
    return true
  }

  const inObject = (expected: JsonObject, actual: JsonObject, path: string): ReadonlyArray<string> =>
    [...new Set([...Object.keys(expected), ...Object.keys(actual)])].flatMap((key) => {
      const here = `${path}.${key}`
      if (!(key in expected)) return [`${here} should not be there: ${JSON.stringify(actual[key])}`]
      if (!(key in actual)) return [`${here} is missing`]
      if (TIMES.has(key) && typeof expected[key] === "number") {
        return typeof actual[key] === "number" ? [] : [`${here} is no time`]
      }
      const [recorded, today] = [expected[key], actual[key]]
      if (typeof recorded === "string" && typeof today === "string" && isId(key, recorded)) {
        return isId(key, today) && sameId(recorded, today) ? [] : [`${here} is another id: ${recorded} / ${today}`]
      }
      return differences(recorded, today, here)
    })

  const differences = (expected: unknown, actual: unknown, path = ""): ReadonlyArray<string> => {
    if (expected === "..") return Array.isArray(actual) && actual.length > 0 ? [] : [`${path} is empty`]
    if (Array.isArray(expected) && Array.isArray(actual)) {
      return expected.length === actual.length
        ? expected.flatMap((one, index) => differences(one, actual[index], `${path}[${index}]`))
        : [`${path} has ${actual.length} items, not ${expected.length}`]
    }
    if (isJsonObject(expected) && isJsonObject(actual)) return inObject(expected, actual, path)
    return Object.is(expected, actual)
      ? []
      : [`${path} is ${JSON.stringify(actual)}, not ${JSON.stringify(expected)}`]
  }

  return { bind: (recorded, actual) => void actualOf.set(recorded, actual), translate, translateText, differences }
}
