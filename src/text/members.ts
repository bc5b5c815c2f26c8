import { type Scan, scanJson } from "./scan.ts"

/** What is read is short: ids, words, numbers. */
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

export interface Members<Name extends string> {
  readonly scan: Scan
  readonly members: { readonly [name in Name]?: unknown }
}

/**
 * Reads the named members of the outermost object in one pass over its text, and makes no value of the others, however
 * much they hold. Only short plain values are read.
 */
export const readMembers = <Name extends string>(text: string, names: ReadonlyArray<Name>): Members<Name> => {
  const members: { [name in Name]?: unknown } = {}
  const scan = scanJson(text, (begin, end) => {
    if (end - begin > member_chars) return
    const [, found, value = ""] = plainMember.exec(text.slice(begin, end)) ?? []
    const name = names.find((one) => one === found)
    if (name !== undefined) members[name] = parsed(value)
  })
  return { scan, members }
}
