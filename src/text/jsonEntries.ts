import { type Bounded, BoundedText } from "./BoundedText.ts"

const rest_bytes = 64 * 1024 // of the object without the entries; a longer one is not understood

const [quote, comma, backslash] = [34, 44, 92]
const [openList, closeList, openObject, closeObject] = [91, 93, 123, 125]

/** What is found in JSON text whose bytes come in chunks. Nothing is parsed. */
export interface JsonEntries {
  /** The entries that end in this chunk, as JSON text. They are found while they are taken, so take all before the next push. */
  readonly push: (chunk: Uint8Array) => Iterable<Bounded>
  /** The object so far without its entries, as JSON text; null if that is too long. */
  readonly rest: () => string | null
  /** Whether the object had the list, and has come to its end. */
  readonly isWhole: () => boolean
}

/** Finds the entries of the list that the outermost object has under `key`. It keeps at most one entry of `limit` bytes. */
export const makeJsonEntries = (key: string, limit: number): JsonEntries => {
  const beforeList = new RegExp(`[{,]\\s*"${key}"\\s*:\\s*\\[$`)
  const rest = new BoundedText(rest_bytes)
  const entry = new BoundedText(limit)
  let [depth, inString, isEscaped, inList, hasList] = [0, false, false, false, false]

  /** The entry before a comma or the end of the list, if there is one. */
  function* cutEntry(): Iterable<Bounded> {
    const cut = entry.cut()
    if (cut.text?.trim() !== "") yield cut
  }

  /** The closing quote of the string whose bytes go on at `from`; the end of the chunk or more if that comes later. */
  const endOfString = (chunk: Uint8Array, from: number): number => {
    let at = isEscaped ? from + 1 : from
    while (at < chunk.length && chunk[at] !== quote) at += chunk[at] === backslash ? 2 : 1
    inString = at >= chunk.length
    isEscaped = at > chunk.length
    return at
  }

  function* push(chunk: Uint8Array): Iterable<Bounded> {
    let from = 0
    const keepUntil = (end: number): void => {
      const collected = inList ? entry : rest
      collected.add(chunk.subarray(from, end))
      from = end
    }
    for (let at = inString ? endOfString(chunk, 0) + 1 : 0; at < chunk.length; at++) {
      const byte = chunk[at]
      if (byte === quote) at = endOfString(chunk, at + 1)
      else if (byte === openObject) depth++
      else if (byte === openList) {
        depth++
        if (depth !== 2) continue
        keepUntil(at + 1)
        inList = beforeList.test(rest.read().text ?? "")
        hasList ||= inList
      } else if (byte === closeList || byte === closeObject) {
        depth--
        if (depth !== 1 || !inList) continue
        keepUntil(at)
        yield* cutEntry()
        inList = false
      } else if (byte === comma && inList && depth === 2) {
        keepUntil(at)
        yield* cutEntry()
        from = at + 1
      }
    }
    keepUntil(chunk.length)
  }

  return { push, rest: () => rest.read().text, isWhole: () => hasList && depth === 0 && !inString }
}
