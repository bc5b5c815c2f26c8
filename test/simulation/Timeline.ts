/** Something that will happen; cancelled where `run` is null. */
export interface Planned {
  readonly at: number
  readonly order: number
  run: (() => void) | null
}

const isBefore = (a: Planned, b: Planned): boolean => a.at < b.at || (a.at === b.at && a.order < b.order)

/** Virtual time in milliseconds since the run began, and what will happen in it: a binary heap. */
export class Timeline {
  now = 0
  readonly #heap: Array<Planned> = []
  #order = 0

  after(delay: number, run: () => void): Planned {
    const planned: Planned = { at: this.now + Math.max(0, delay), order: this.#order++, run }
    const heap = this.#heap
    let index = heap.push(planned) - 1
    while (index > 0) {
      const parentIndex = (index - 1) >> 1
      const parent = heap[parentIndex]
      if (parent === undefined || !isBefore(planned, parent)) break
      heap[index] = parent
      index = parentIndex
    }
    heap[index] = planned
    return planned
  }

  /** Lets time pass to what comes next, if it comes by `until`, and does it; false where nothing does. */
  advance(until = Infinity): boolean {
    for (let next = this.#heap[0]; next !== undefined && next.at <= until; next = this.#heap[0]) {
      this.#dropFirst()
      if (next.run === null) continue
      this.now = next.at
      next.run()
      return true
    }
    return false
  }

  #dropFirst(): void {
    const heap = this.#heap
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return
    let index = 0
    while (true) {
      const left = 2 * index + 1
      const [a, b] = [heap[left], heap[left + 1]]
      if (a === undefined) break
      const child = b !== undefined && isBefore(b, a) ? b : a
      if (!isBefore(child, last)) break
      heap[index] = child
      index = child === a ? left : left + 1
    }
    heap[index] = last
  }
}

export const cancel = (planned: Planned | null): void => {
  if (planned !== null) planned.run = null
}
