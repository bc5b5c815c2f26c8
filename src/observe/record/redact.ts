import * as Predicate from "effect/Predicate"
import { isJsonObject, isRawNumber, parseExact } from "../../text/json.ts"

const secret_piece_chars = 8 // a beginning or end of the token of this length is masked too

const replacement = "[REDACTED]"

const hexOf = (char: string): string => char.charCodeAt(0).toString(16).padStart(2, "0")

/** A pattern of one character, written literally or as a `\u` escape of JSON. */
const either = (char: string): string => {
  const code = hexOf(char).replace(/[a-f]/, (digit) => `[${digit}${digit.toUpperCase()}]`)
  return `(?:\\x${hexOf(char)}|u00${code})`
}

/**
 * A pattern of printable ASCII text in every spelling of JSON, also in strings that hold JSON themselves: any number of
 * backslashes may come before each character. The pattern matches a run of backslashes in one way only, so it takes
 * linear time.
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

/** Where a beginning or an end of the secret is, as long as it matches: an excerpt may have cut the secret. */
const piecesIn = (text: string, secret: string, head: RegExp, tail: RegExp): ReadonlyArray<Span> => {
  const heads = Array.from(text.matchAll(head), ({ 0: found, index }): Span => {
    let to = index + found.length
    for (let at = secret_piece_chars; at < secret.length && text[to] === secret[at]; at++) to++
    return [index, to]
  })
  const tails = Array.from(text.matchAll(tail), ({ 0: found, index }): Span => {
    let from = index
    for (let at = secret.length - secret_piece_chars - 1; at >= 0 && text[from - 1] === secret[at]; at--) from--
    return [from, index + found.length]
  })
  return [...heads, ...tails].toSorted(([a], [b]) => a - b)
}

const without = (text: string, spans: ReadonlyArray<Span>): string => {
  let result = ""
  let done = 0
  for (const [from, to] of spans) {
    if (from >= done) result += text.slice(done, from) + replacement
    done = Math.max(done, to)
  }
  return result + text.slice(done)
}

/**
 * Replaces a secret of printable ASCII characters in what is recorded, however JSON spells it. Also replaces a beginning or
 * an end of it, as an excerpt leaves it, from `secret_piece_chars` characters on.
 */
export const redaction = (secret: string) => {
  const size = secret_piece_chars
  const ends = secret.length > size ? [secret.slice(0, size), secret.slice(-size)] : [secret, secret]
  const [head = "", tail = ""] = ends.map(spelt)
  const trace = new RegExp(`${head}|${tail}`)
  const whole = new RegExp(spelt(secret), "g")
  const [heads, tails] = [new RegExp(head, "g"), new RegExp(tail, "g")]

  /** The text without the secret. */
  const text = (value: string): string => {
    if (!trace.test(value)) return value
    const rest = value.replaceAll(whole, replacement)
    return without(rest, piecesIn(rest, secret, heads, tails))
  }

  const clean = (value: unknown): unknown => {
    if (typeof value === "string") return text(value)
    if (Array.isArray(value)) return value.map(clean)
    if (isRawNumber(value)) return text(value.rawJSON) === value.rawJSON ? value : replacement
    if (Predicate.isObject(value)) return Object.fromEntries(Object.entries(value).map(([k, v]) => [text(k), clean(v)]))
    return typeof value === "number" && text(String(value)) !== String(value) ? replacement : value
  }

  /** A line of a recording without the secret in its keys and values. Its top-level keys, `t` and `dir` stay as they are. */
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
