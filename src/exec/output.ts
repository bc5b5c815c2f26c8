import { stripVTControlCharacters } from "node:util"
import { execLimits } from "./limits.ts"

/** What is kept of a stream: its beginning and its end. */
export interface Kept {
  readonly push: (chunk: Uint8Array) => void
  /** The bytes there were in all. */
  readonly total: () => number
  readonly isWhole: () => boolean
  /** The text without half characters, with a line in the middle that says how much is left out. */
  readonly text: () => string
}

/** Drops the rest of a character that the cut has left at the beginning. */
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
      const cut = new TextDecoder().decode(begin, { stream: true }) // leaves out half a character at the end
      const mark = head_bytes === 0 ? "" : `\n[... ${sizes.total - begin.length - end.length} bytes left out ...]\n`
      return `${cut}${mark}${fromWholeCharacter(end).toString()}`
    }
  }
}

/** Splits what a command prints into lines, and tells of each that is not empty, cut to `line_chars`. */
export const lineReader = (tell: (line: string) => void) => {
  const decoder = new TextDecoder()
  let begun = ""
  return (chunk: Uint8Array): void => {
    const parts = decoder.decode(chunk, { stream: true }).split(/\r\n|[\r\n]/)
    for (const [index, part] of parts.entries()) {
      if (begun.length < execLimits.line_chars) begun += part.slice(0, execLimits.line_chars - begun.length)
      if (index === parts.length - 1) return
      const line = stripVTControlCharacters(begun).replaceAll(/\p{Cc}/gu, " ").trim()
      if (line !== "") tell(line.toWellFormed())
      begun = ""
    }
  }
}

export type Hear = (chunk: Uint8Array) => void

/** Where what a command prints is passed on to. */
export interface Echo {
  readonly output: Hear
  readonly errors: Hear
}

export const toEach = (...hearers: ReadonlyArray<Hear>): Hear => (chunk) => hearers.forEach((hear) => hear(chunk))

/** Passes the first `log_bytes` on to a stream of ours. */
export const echo = (stream: NodeJS.WriteStream): Hear => {
  stream.on("error", () => {}) // a closed stream of ours must not stop the command
  let left: number = execLimits.log_bytes
  return (chunk) => {
    if (left <= 0) return
    stream.write(chunk.subarray(0, left))
    left -= chunk.length
    if (left <= 0) stream.write("\n[... what follows is left out ...]\n")
  }
}

/** Listens to a command: keeps its output for the answer, passes it on, and tells of its lines. */
export const listen = (json: boolean, onLine: ((line: string) => void) | null, on: Echo) => {
  const half = execLimits.output_bytes / 2
  const output = json ? keep(execLimits.json_bytes, 0) : keep(half, half)
  const tails = { output: keep(0, execLimits.tail_bytes), errors: keep(0, execLimits.tail_bytes) }
  const read = onLine === null ? () => {} : lineReader(onLine)
  return {
    output,
    tails,
    onOutput: toEach(output.push, tails.output.push, read, on.output),
    onErrors: toEach(tails.errors.push, on.errors)
  }
}
