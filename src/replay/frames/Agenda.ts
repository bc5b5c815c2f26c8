/** Something that will happen. */
export interface Planned {
  readonly at: number
  readonly run: () => void
}

/** The time of a recording in milliseconds since its beginning, and the few things that will happen in it. */
export class Agenda {
  now = 0
  readonly #planned: Array<Planned> = []

  after(ms: number, run: () => void): Planned {
    const planned: Planned = { at: this.now + Math.max(0, ms), run }
    const index = this.#planned.findLastIndex(({ at }) => at <= planned.at)
    this.#planned.splice(index + 1, 0, planned)
    return planned
  }

  callOff(planned: Planned | null | undefined): void {
    const index = this.#planned.findIndex((one) => one === planned)
    if (index >= 0) this.#planned.splice(index, 1)
  }

  /** Lets time pass; what comes in it happens in order. */
  pass(ms: number): void {
    const until = this.now + ms
    for (let next = this.#planned[0]; next !== undefined && next.at <= until; next = this.#planned[0]) {
      this.#planned.shift()
      this.now = next.at
      next.run()
    }
    this.now = Math.max(this.now, until)
  }
}
