import * as Predicate from "effect/Predicate"
import { clockOf, dayOf, nameOfDay } from "../print/words.ts"

/** Date and time to the second, in UTC. */
export const dateAndTime = (t: number): string => `${nameOfDay(dayOf(t))} ${clockOf(t).slice(0, 8)}`

const units = [[86_400, "d"], [3_600, "h"], [60, "min"], [1, "s"]] as const

/** A duration in ms by its two largest units. */
export const span = (ms: number): string => {
  if (ms < 1_000) return `${Math.round(ms)} ms`
  let rest = Math.round(ms / 1_000)
  const parts = units.flatMap(([size, unit]) => {
    const count = Math.floor(rest / size)
    rest %= size
    return count === 0 ? [] : [`${count} ${unit}`]
  })
  return parts.slice(0, 2).join(" ")
}

export const jsonOf = (value: unknown): string => JSON.stringify(value, null, 2)

/** `TimerFired` → `timer fired`. */
export const plain = (tag: string): string =>
  tag.replaceAll(/(?<=[a-z])[A-Z]/g, " $&").replaceAll("_", " ").toLowerCase()

/** The first line of a text, at most `chars` long. */
export const excerpt = (text: string, chars: number): string => {
  const line = text.trimStart().split("\n", 1)[0] ?? ""
  return line.length <= chars ? line : `${line.slice(0, chars - 1)}…`
}

/** A value without its tag, as it stands in a text. */
export const fieldsOf = (value: object): string => {
  const { _tag, ...fields } = Predicate.hasProperty(value, "_tag") ? value : { ...value, _tag: null }
  return Object.keys(fields).length === 0 ? "" : jsonOf(fields)
}
