/** What is kept of a stream: its beginning and its end. */
export interface Kept {
  readonly push: (chunk: Uint8Array) => void
  /** How many bytes there were. */
  readonly total: () => number
  readonly isWhole: () => boolean
  /** The text, with a line in the middle that says how much is left out; no half of a character. */
  readonly text: () => string
}

/** Drops what the cut has left of a character at the beginning. */
const fromWholeCharacter = (bytes: Buffer): Buffer => {
  const begin = bytes.findIndex((byte) => (byte & 0xc0) !== 0x80)
  return begin === -1 || begin > 3 ? bytes : bytes.subarray(begin)
}

/** Keeps `head_bytes` from the beginning and `tail_bytes` from the end, however much comes. */
export const keep = (head_bytes: number, tail_bytes: number): Kept => {
  const head: Array<Uint8Array> = []
  const tail: Array<Uint8Array> = []
  const sizes = { head: 0, tail: 0, total: 0 }
  const isWhole = () => sizes.total <= head_bytes + tail_bytes
  return {
    push: (chunk) => {
      sizes.total += chunk.length
      const first = chunk.subarray(0, head_bytes - sizes.head)
      const rest = chunk.subarray(first.length)
      if (first.length > 0) head.push(first)
      if (rest.length > 0) tail.push(rest)
      sizes.head += first.length
      sizes.tail += rest.length
      while (sizes.tail - (tail[0]?.length ?? sizes.tail) >= tail_bytes && tail.length > 0) {
        sizes.tail -= tail.shift()?.length ?? 0
      }
    },
    total: () => sizes.total,
    isWhole,
    text: () => {
      const begin = Buffer.concat(head)
      const end = tail_bytes === 0 ? Buffer.alloc(0) : Buffer.concat(tail).subarray(-tail_bytes)
      if (isWhole()) return Buffer.concat([begin, end]).toString()
      const cut = new TextDecoder().decode(begin, { stream: true }) // withholds what begins a character and does not end it
      const mark = head_bytes === 0 ? "" : `\n[... ${sizes.total - begin.length - end.length} bytes left out ...]\n`
      return `${cut}${mark}${fromWholeCharacter(end).toString()}`
    }
  }
}
