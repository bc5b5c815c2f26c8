import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"

/** Maps recorded ids to the ids of this run. */
export interface Bindings {
  readonly bind: (recorded: string, actual: string) => void
  /** The value with every recorded id replaced by that of this run. */
  readonly translate: (value: unknown) => unknown
  readonly translateText: (text: string) => string
  /** The number of this run for a recorded sequence number. */
  readonly translateNumber: (recorded: number) => number
  /** The differences, except in ids and times and in what a probe left out as "..". */
  readonly differences: (expected: unknown, actual: unknown, path?: string) => ReadonlyArray<string>
}

const TIMES = new Set(["timestamp", "assigned_at", "connected_at", "stored_at"])
/** Counters of a hub that had other agents, too. */
const NUMBERS = new Set(["seq", "last_seq", "cursor", "up_to", "since"])
const TASK_ID = /^task-(?:[0-9a-f]{16}|\d+)$/
const MESSAGE_ID = /^[0-9a-f]{16}$/

const isId = (key: string, value: string): boolean => TASK_ID.test(value) || (key === "id" && MESSAGE_ID.test(value))

/** An id that was matched once must stay the same. */
export const makeBindings = (): Bindings => {
  const actualOf = new Map<string, string>()

  const numberOf = new Map<number, number>([[0, 0]])

  const translateText = (text: string): string =>
    text.replaceAll(/task-(?:[0-9a-f]{16}|\d+)/g, (id) => actualOf.get(id) ?? id)

  const translateNumber = (recorded: number): number => numberOf.get(recorded) ?? recorded

  const translate = (value: unknown): unknown =>
    typeof value === "string"
      ? translateText(value)
      : Array.isArray(value)
      ? value.map(translate)
      : isJsonObject(value)
      ? Object.fromEntries(
        Object.entries(value).map(([key, one]) => [
          key,
          NUMBERS.has(key) && typeof one === "number" ? translateNumber(one) : translate(one)
        ])
      )
      : value

  const sameNumber = (recorded: number, actual: number): boolean => {
    if (!numberOf.has(recorded)) numberOf.set(recorded, actual)
    return numberOf.get(recorded) === actual
  }

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
      if (NUMBERS.has(key) && typeof recorded === "number" && typeof today === "number") {
        return sameNumber(recorded, today) ? [] : [`${here} is ${today}, and ${recorded} was ${numberOf.get(recorded)}`]
      }
      return differences(recorded, today, here)
    })

  const differences = (expected: unknown, actual: unknown, path = ""): ReadonlyArray<string> => {
    if (expected === "…") return typeof actual === "string" && actual !== "" ? [] : [`${path} is empty`]
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

  return {
    bind: (recorded, actual) => void actualOf.set(recorded, actual),
    translate,
    translateText,
    translateNumber,
    differences
  }
}
