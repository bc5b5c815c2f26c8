import * as Predicate from "effect/Predicate"
import type { JsonObject } from "../../domain/Work.ts"

/** Longest text of one value on the terminal, in characters. */
const value_chars = 120

const cut = (text: string): string => text.length > value_chars ? `${text.slice(0, value_chars - 1)}…` : text

// What a terminal would act on comes from the hub or an agent.
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** The text without what a terminal would act on. */
export const harmless = (text: string): string =>
  text.replaceAll(controls, (control) => `\\u${(control.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)

export const valueOf = (value: unknown): string =>
  Predicate.isString(value) && /^[\w.:@-]+$/.test(value)
    ? cut(value)
    : cut(harmless(JSON.stringify(value) ?? "nothing"))

/** Some fields of a frame or fact, in order. */
export const fieldsOf = (msg: object, names: ReadonlyArray<string>): string => {
  const fields: JsonObject = { ...msg }
  return names.filter((name) => fields[name] !== undefined && fields[name] !== null)
    .map((name) => `${name}=${valueOf(fields[name])}`)
    .join(" ")
}

const day_ms = 86_400_000
const two = (value: number): string => String(Math.floor(value)).padStart(2, "0")

/** The time of the day as the recording tells it, in UTC. */
export const clockOf = (t: number): string => {
  const seconds = (t % day_ms) / 1_000
  if (!(seconds >= 0)) return `${t} ms`
  const millis = String(Math.floor(t % 1_000)).padStart(3, "0")
  return `${two(seconds / 3_600)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}.${millis}`
}

/** The number of the day, of which `nameOfDay` tells the date. */
export const dayOf = (t: number): number => Math.floor(t / day_ms)

export const nameOfDay = (day: number): string => {
  const date = new Date(day * day_ms)
  return Number.isNaN(date.getTime()) ? "a day that is none" : date.toISOString().slice(0, 10)
}
