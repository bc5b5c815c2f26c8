import * as Predicate from "effect/Predicate"
import { limits } from "../../limits.ts"
import { isJsonObject, isRawNumber, parseExact } from "../../text/exact.ts"

const stand_in = "[REDACTED]"

const hexOf = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, "0")

/** A character as it is or by its code, as JSON may spell it. */
const either = (char: string): string => {
  const code = hexOf(char).replace(/[a-f]/, (digit) => `[${digit}${digit.toUpperCase()}]`)
  return `(?:\\x${hexOf(char)}|u00${code})`
}

/**
 * The pattern of printable ASCII text in every spelling that JSON may give it, also within strings that hold JSON: with
 * any number of backslashes before each character. No run of them can be divided in two ways, so it takes linear time.
 */
const spelt = (text: string): string => {
  const { pattern, slashes } = Array.from(text).reduce(
    ({ pattern: done, slashes: open }, char) => {
      if (char === "\\") return { pattern: done, slashes: true }
      const before = open ? "\\\\+(?:u005[cC]\\\\*)?" : "\\\\*"
      return { pattern: done + (done === "" ? "" : before) + either(char), slashes: false }
    },
    { pattern: "", slashes: false }
  )
  return slashes ? `${pattern}\\\\` : pattern
}

type Span = readonly [from: number, to: number]

/** Where the beginning or the end of the secret stands, each as far as the text goes on like it: an excerpt has cut it. */
const piecesIn = (text: string, secret: string, head: RegExp, tail: RegExp): ReadonlyArray<Span> => {
  const heads = Array.from(text.matchAll(head), ({ 0: found, index }): Span => {
    let to = index + found.length
    for (let at = limits.secret_piece_chars; at < secret.length && text[to] === secret[at]; at++) to++
    return [index, to]
  })
  const tails = Array.from(text.matchAll(tail), ({ 0: found, index }): Span => {
    let from = index
    for (let at = secret.length - limits.secret_piece_chars - 1; at >= 0 && text[from - 1] === secret[at]; at--) from--
    return [from, index + found.length]
  })
  return [...heads, ...tails].toSorted(([a], [b]) => a - b)
}

const without = (text: string, spans: ReadonlyArray<Span>): string => {
  let result = ""
  let done = 0
  for (const [from, to] of spans) {
    if (from >= done) result += text.slice(done, from) + stand_in
    done = Math.max(done, to)
  }
  return result + text.slice(done)
}

export interface Redaction {
  /** A text without the secret. */
  readonly text: (text: string) => string
  /** A line of JSON without the secret in its values and keys; its own keys, and those with a number or word, stay. */
  readonly line: (line: string) => string
}

/**
 * Takes a secret of printable ASCII characters out of what is recorded, however JSON spells it, and also what an excerpt
 * has left of it, down to `limits.secret_piece_chars` of its beginning or end.
 */
export const redaction = (secret: string): Redaction => {
  const size = limits.secret_piece_chars
  const ends = secret.length > size ? [secret.slice(0, size), secret.slice(-size)] : [secret, secret]
  const [head = "", tail = ""] = ends.map(spelt)
  const trace = new RegExp(`${head}|${tail}`)
  const whole = new RegExp(spelt(secret), "g")
  const [heads, tails] = [new RegExp(head, "g"), new RegExp(tail, "g")]

  const text = (value: string): string => {
    if (!trace.test(value)) return value
    const rest = value.replaceAll(whole, stand_in)
    return without(rest, piecesIn(rest, secret, heads, tails))
  }

  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return text(value)
    if (Array.isArray(value)) return value.map(clean)
    if (isRawNumber(value)) return text(value.rawJSON) === value.rawJSON ? value : stand_in
    if (Predicate.isObject(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [text(k), clean(v)]))
    return typeof value === "number" && text(String(value)) !== String(value) ? stand_in : value
  }

  const line = (json: string): string => {
    if (!trace.test(json)) return json
    const entry = parseExact(json)
    if (!isJsonObject(entry)) return text(json)
    const { dir, t, ...rest } = entry
    const cleaned = Object.entries(rest).map(([key, value]) => [key, clean(value)])
    return `${JSON.stringify({ t, dir, ...Object.fromEntries(cleaned) })}\n`
  }

  return { text, line }
}
