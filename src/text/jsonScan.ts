/** What one pass over JSON text finds, before any value is made. For text that is not JSON the counts are an estimate. */
export interface Scan {
  /** Never fewer values than there are: an empty object or list counts as two, a long number as four. */
  readonly values: number
  readonly depth: number
  /** Whether every string, list and object is closed. */
  readonly isClosed: boolean
  /** Whether the text has a number that JavaScript may change. */
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

/** Whether JavaScript may change the number: it rounds numbers beyond 2^53, and reads very large ones as infinite. */
export const isLong = (number: string): boolean => Math.abs(Number(number)) > Number.MAX_SAFE_INTEGER

/** What a long number counts for: it becomes an object that holds its text, which takes about four times as long. */
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

/** Counts what JSON text holds. `onMember` gets the range of each member of the outermost object. */
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

/** A longer member is skipped: what `readMembers` is asked for is an id, a word or a number. */
const member_chars = 512

/** A member whose value is neither an object nor a list. */
const plainMember = /^\s*"(\w+)"\s*:\s*([^\s[{][^]*)$/

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * Scans the text and reads the named members of its outermost object. It makes no value of the other members, however
 * large they are. Only short plain values are read.
 */
export const readMembers = <Name extends string>(text: string, names: ReadonlyArray<Name>) => {
  const members: { [name in Name]?: unknown } = {}
  const scan = scanJson(text, (begin, end) => {
    if (end - begin > member_chars) return
    const [, found, value = ""] = plainMember.exec(text.slice(begin, end)) ?? []
    const name = names.find((one) => one === found)
    if (name !== undefined) members[name] = parsed(value)
  })
  return { scan, members }
}
