import { type Bounded, BoundedText } from "./BoundedText.ts"

const newline = 10

/** A line. Its text is null if it is longer than the limit. `isWhole` is false for a last line without a line end. */
export interface TextLine extends Bounded {
  readonly isWhole: boolean
}

/** Divides bytes into lines of UTF-8. It keeps at most `limit` bytes of a line in memory. */
export class LineSplitter {
  readonly #line: BoundedText

  constructor(limit: number) {
    this.#line = new BoundedText(limit)
  }

  /** The bytes of the line whose end has not come yet. */
  get pending(): number {
    return this.#line.bytes
  }

  push(chunk: Uint8Array): ReadonlyArray<TextLine> {
    const lines: Array<TextLine> = []
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#line.add(chunk.subarray(from, at))
      lines.push({ ...this.#line.cut(), isWhole: true })
      from = at + 1
    }
    this.#line.add(chunk.subarray(from))
    return lines
  }

  /** The text after the last line end, as a line; empty if there is none. */
  end(): ReadonlyArray<TextLine> {
    return this.pending === 0 ? [] : [{ ...this.#line.cut(), isWhole: false }]
  }
}
