const newline = 10

/** A line. Its text is null if it is longer than the limit. `isWhole` is false for a last line without a line end. */
export interface TextLine {
  readonly text: string | null
  readonly bytes: number
  readonly isWhole: boolean
}

/** Divides bytes into lines of UTF-8. It keeps at most `limit` bytes of a line in memory. */
export class LineSplitter {
  readonly #limit: number
  readonly #decoder = new TextDecoder()
  #parts: Array<Uint8Array> = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The bytes of the line whose end has not come yet. */
  get pending(): number {
    return this.#bytes
  }

  push(chunk: Uint8Array): ReadonlyArray<TextLine> {
    const lines: Array<TextLine> = []
    let from = 0
    for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
      this.#keep(chunk.subarray(from, at))
      lines.push(this.#cut(true))
      from = at + 1
    }
    this.#keep(chunk.subarray(from))
    return lines
  }

  /** The text after the last line end, as a line; empty if there is none. */
  end(): ReadonlyArray<TextLine> {
    return this.#bytes === 0 ? [] : [this.#cut(false)]
  }

  #keep(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes > this.#limit) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  #cut(isWhole: boolean): TextLine {
    const [first, ...more] = this.#parts
    const bytes = this.#bytes
    const text = bytes > this.#limit
      ? null
      : this.#decoder.decode(more.length === 0 ? first : Buffer.concat(this.#parts))
    this.#parts = []
    this.#bytes = 0
    return { text, bytes, isWhole }
  }
}
