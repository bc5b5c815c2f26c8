import { Fifo } from "../Fifo.ts"
import { limits } from "../limits.ts"

/** One doing of a sequence. Only those of one `key` can be the same; `t` is in epoch milliseconds. */
export interface Doing {
  readonly t: number
  readonly key: string
}

/** What becomes of the doings of two sequences. */
export interface Pairing<O extends Doing, R extends Doing> {
  readonly both: (ours: O, recorded: R) => void
  readonly onlyOurs: (ours: O) => void
  readonly onlyRecorded: (recorded: R) => void
}

const isNear = (a: Doing, b: Doing): boolean => Math.abs(a.t - b.t) <= limits.near_ms

/**
 * Pairs two sequences as they come: what follows in both in the same order is one. Where they part, it waits for more
 * before it decides on the pair that leaves out the fewest.
 */
export class Alignment<O extends Doing, R extends Doing> {
  readonly #pairing: Pairing<O, R>
  readonly #ours = new Fifo<O>()
  readonly #recorded = new Fifo<R>()

  constructor(pairing: Pairing<O, R>) {
    this.#pairing = pairing
  }

  ours(doing: O): void {
    this.#ours.push(doing)
    this.settle(doing.t)
  }

  recorded(doing: R): void {
    this.#recorded.push(doing)
    this.settle(doing.t)
  }

  /** Whether the recorded sequence is ahead of ours by one of that key. */
  hasRecorded(key: string): boolean {
    for (let index = 0; index < this.#recorded.length; index++) {
      if (this.#recorded.at(index)?.key === key) return true
    }
    return false
  }

  /** Whether the recorded sequence is ahead of ours. */
  get waitsForOurs(): boolean {
    return this.#recorded.length > 0
  }

  /** Decides on what need not wait at that time; all where it is `Infinity`. */
  settle(now: number): void {
    while (this.#step(now));
  }

  #step(now: number): boolean {
    const [ours, recorded] = [this.#ours.at(0), this.#recorded.at(0)]
    if (ours === undefined && recorded === undefined) return false
    if (ours !== undefined && recorded !== undefined && ours.key === recorded.key && isNear(ours, recorded)) {
      this.#pair(ours, recorded)
      return true
    }
    const oldest = Math.min(ours?.t ?? Infinity, recorded?.t ?? Infinity)
    const isFull = Math.max(this.#ours.length, this.#recorded.length) > limits.pair_frames
    if (!isFull && now - oldest <= limits.pair_ms) return false
    this.#decide()
    return true
  }

  #decide(): void {
    const [skipOurs, skipRecorded] = this.#nearestPair(isNear) ?? this.#nearestPair(() => true) ?? this.#older()
    for (let left = skipOurs; left > 0; left--) this.#dropOurs()
    for (let left = skipRecorded; left > 0; left--) this.#dropRecorded()
    const [ours, recorded] = [this.#ours.at(0), this.#recorded.at(0)]
    if (ours !== undefined && recorded !== undefined && ours.key === recorded.key) this.#pair(ours, recorded)
  }

  /** How many of each have to be left out for the pair that leaves out the fewest. */
  #nearestPair(fits: (ours: Doing, recorded: Doing) => boolean): readonly [number, number] | null {
    for (let sum = 0; sum < this.#ours.length + this.#recorded.length - 1; sum++) {
      for (let i = Math.max(0, sum - this.#recorded.length + 1); i <= Math.min(sum, this.#ours.length - 1); i++) {
        const [ours, recorded] = [this.#ours.at(i), this.#recorded.at(sum - i)]
        if (ours !== undefined && recorded !== undefined && ours.key === recorded.key && fits(ours, recorded)) {
          return [i, sum - i]
        }
      }
    }
    return null
  }

  #older(): readonly [number, number] {
    const [ours, recorded] = [this.#ours.at(0)?.t ?? Infinity, this.#recorded.at(0)?.t ?? Infinity]
    return ours <= recorded ? [1, 0] : [0, 1]
  }

  #pair(ours: O, recorded: R): void {
    this.#ours.shift()
    this.#recorded.shift()
    this.#pairing.both(ours, recorded)
  }

  #dropOurs(): void {
    const ours = this.#ours.shift()
    if (ours !== undefined) this.#pairing.onlyOurs(ours)
  }

  #dropRecorded(): void {
    const recorded = this.#recorded.shift()
    if (recorded !== undefined) this.#pairing.onlyRecorded(recorded)
  }
}
