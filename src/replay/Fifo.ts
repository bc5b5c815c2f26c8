/** A queue: what was put in first comes out first, each in constant time. */
export class Fifo<A> {
  #items: Array<A> = []
  #head = 0

  get length(): number {
    return this.#items.length - this.#head
  }

  push(item: A): void {
    this.#items.push(item)
  }

  /** The item at that place from the front. */
  at(index: number): A | undefined {
    return this.#items[this.#head + index]
  }

  shift(): A | undefined {
    const item = this.#items[this.#head]
    if (this.length === 0) return undefined
    this.#head++
    if (this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head)
      this.#head = 0
    }
    return item
  }
}
