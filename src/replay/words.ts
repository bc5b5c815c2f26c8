import * as Predicate from "effect/Predicate"
import type { JsonObject } from "../domain/Work.ts"

/** Longest text of one value on the terminal, in characters. */
const value_chars = 120

const cut = (text: string): string => text.length > value_chars ? `${text.slice(0, value_chars - 1)}…` : text

// Texts of the hub and the agent may contain control sequences of a terminal.
const controls = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Escapes every character that a terminal could act on. */
export const harmless = (text: string): string =>
  text.replaceAll(controls, (control) => `\\u${(control.codePointAt(0) ?? 0).toString(16).padStart(4, "0")}`)

/** A value for the terminal: harmless and cut to a readable length. */
export const valueOf = (value: unknown): string =>
  Predicate.isString(value) && /^[\w.:@-]+$/.test(value)
    ? cut(value)
    : cut(harmless(JSON.stringify(value) ?? "nothing"))

/** The named fields of a frame or fact as `name=value`, without those that are missing or null. */
export const fieldsOf = (msg: object, names: ReadonlyArray<string>): string => {
  const fields: JsonObject = { ...msg }
  return names.filter((name) => fields[name] !== undefined && fields[name] !== null)
    .map((name) => `${name}=${valueOf(fields[name])}`)
    .join(" ")
}

const day_ms = 86_400_000
const two = (value: number): string => String(Math.floor(value)).padStart(2, "0")

/** The time of day in UTC, from epoch milliseconds. */
export const clockOf = (t: number): string => {
  const seconds = (t % day_ms) / 1_000
  if (!(seconds >= 0)) return `${t} ms`
  const millis = String(Math.floor(t % 1_000)).padStart(3, "0")
  return `${two(seconds / 3_600)}:${two(seconds / 60 % 60)}:${two(seconds % 60)}.${millis}`
}

/** The number of the day in UTC, from epoch milliseconds. */
export const dayOf = (t: number): number => Math.floor(t / day_ms)

/** The date of a day by its number. */
export const nameOfDay = (day: number): string => {
  const date = new Date(day * day_ms)
  return Number.isNaN(date.getTime()) ? "no date" : date.toISOString().slice(0, 10)
}

export const jsonOf = (value: unknown): string => JSON.stringify(value, null, 2)

/** `TimerFired` → `timer fired`. */
export const plain = (tag: string): string =>
  tag.replaceAll(/(?<=[a-z])[A-Z]/g, " $&").replaceAll("_", " ").toLowerCase()

/** The first line of a text, cut to `chars` characters. */
export const excerpt = (text: string, chars: number): string => {
  const line = text.trimStart().split("\n", 1)[0] ?? ""
  return line.length <= chars ? line : `${line.slice(0, chars - 1)}…`
}

const fileErrors: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EEXIST: "there is a file already",
  EISDIR: "it is a folder",
  ELOOP: "its links lead in a circle",
  ENAMETOOLONG: "its name is too long",
  ENOSPC: "the disk is full",
  ENOTDIR: "a part of its path is no folder",
  EPERM: "permission denied",
  EROFS: "nothing can be written there",
  ENXIO: "it is a pipe that nobody reads, or a socket"
}

/** Why a file could not be read or written. `missing` says what `ENOENT` means here. */
export const fileProblem = (cause: unknown, missing: "file" | "folder"): string => {
  const code = Predicate.hasProperty(cause, "code") ? String(cause.code) : null
  if (code === "ENOENT") return `there is no such ${missing}`
  return code === null ? Predicate.isError(cause) ? cause.message : "unknown" : fileErrors[code] ?? code
}
