/** What one pass over JSON text tells before anything is made of it. Of text that is no JSON the counts are an estimate. */
export interface Scan {
  /** The values, never fewer than there are; an empty object or list counts for two, a long number for four. */
  readonly values: number
  readonly depth: number
  /** Whether every string, list and object that begins also ends. */
  readonly isClosed: boolean
  /** Whether a number stands there that JavaScript may change. */
  readonly hasLongNumbers: boolean
}

const [quote, comma, backslash] = [34, 44, 92]
const [openList, closeList, openObject, closeObject] = [91, 93, 123, 125]

/** The closing quote of the string that begins at `begin`, or -1. */
const endOfString = (text: string, begin: number): number => {
  for (let at = text.indexOf("\"", begin + 1); at !== -1; at = text.indexOf("\"", at + 1)) {
    let before = at - 1
    while (text.charCodeAt(before) === backslash) before--
    if ((at - before) % 2 === 1) return at
  }
  return -1
}

const isDigit = (code: number): boolean => code >= 48 && code <= 57
const isExponent = (code: number): boolean => code === 69 || code === 101
const isSignOrPoint = (code: number): boolean => code === 43 || code === 45 || code === 46

/** Whether JavaScript may change the number: it rounds those beyond 2^53, and some are infinite to it. */
export const isLong = (number: string): boolean => Math.abs(Number(number)) > Number.MAX_SAFE_INTEGER

/** What a long number counts for: it is kept as an object with its text, and takes that much more time. */
const long_number_values = 4

/** A shorter number without an exponent is never long. */
const long_chars = 16

/** Where the number that begins at `begin` ends, and whether it may be a long one. */
const readNumber = (text: string, begin: number): { readonly end: number; readonly mayBeLong: boolean } => {
  let [end, exponent] = [begin + 1, false]
  for (let code = text.charCodeAt(end); isDigit(code) || isSignOrPoint(code) || isExponent(code);) {
    exponent ||= isExponent(code)
    code = text.charCodeAt(++end)
  }
  return { end, mayBeLong: exponent || end - begin >= long_chars }
}

/** Counts what is in JSON text, and tells where each member of the outermost object stands. */
export const scanJson = (text: string, onMember?: (begin: number, end: number) => void): Scan => {
  let [values, depth, deepest, member] = [1, 0, 0, 0]
  let hasLongNumbers = false
  const endMember = (end: number): void => {
    onMember?.(member, end)
    member = end + 1
  }
  const open = (at: number): void => {
    values++
    if (++depth > deepest) deepest = depth
    if (depth === 1) member = at + 1
  }
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(text, at)
      if (end === -1) return { values, depth: deepest, isClosed: false, hasLongNumbers }
      at = end
    } else if (isDigit(code)) {
      const { end, mayBeLong } = readNumber(text, at)
      if (mayBeLong && isLong(text.slice(at, end))) {
        hasLongNumbers = true
        values += long_number_values - 1
      }
      at = end - 1
    } else if (code === comma) {
      values++
      if (depth === 1) endMember(at)
    } else if (code === openList || code === openObject) open(at)
    else if (code === closeList || code === closeObject) {
      if (depth === 1) endMember(at)
      depth--
    }
  }
  return { values, depth: deepest, isClosed: depth <= 0, hasLongNumbers }
}
