/** Bytes of UTF-8 that came in parts. The text is null if there are more bytes than the limit. */
export interface Bounded {
  readonly text: string | null
  readonly bytes: number
}

/** Collects the parts of a text. It keeps at most `limit` bytes in memory, and counts the others. */
export class BoundedText {
  readonly #limit: number
  readonly #decoder = new TextDecoder()
  #parts: Array<Uint8Array> = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  get bytes(): number {
    return this.#bytes
  }

  add(part: Uint8Array): void {
    this.#bytes += part.length
    if (this.#bytes > this.#limit) this.#parts = []
    else if (part.length > 0) this.#parts.push(part)
  }

  /** All that has come. */
  read(): Bounded {
    const [first, ...more] = this.#parts
    const bytes = this.#bytes
    const text = bytes > this.#limit
      ? null
      : this.#decoder.decode(more.length === 0 ? first : Buffer.concat(this.#parts))
    return { text, bytes }
  }

  /** All that has come, to begin anew. */
  cut(): Bounded {
    const all = this.read()
    this.#parts = []
    this.#bytes = 0
    return all
  }
}
