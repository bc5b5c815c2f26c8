/** Mixes the bits of a 32-bit number so that neighbours have nothing in common. */
const mix = (bits: number): number => {
  let h = bits | 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

const hashes = new Map<string, number>()

const hashOf = (name: string): number => {
  const known = hashes.get(name)
  if (known !== undefined) return known
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  hashes.set(name, hash)
  return hash
}

/**
 * Random numbers that depend on nothing but the seed. Each name is a sequence of its own, so that leaving out one fault
 * does not change what else is drawn.
 */
export class Chance {
  readonly #seed: number
  readonly #drawn = new Map<string, number>()

  constructor(seed: number) {
    this.#seed = mix(seed ^ 0x9e3779b9)
  }

  /** How often was drawn under this name. */
  drawn(name: string): number {
    return this.#drawn.get(name) ?? 0
  }

  /** From 0 to 1, 1 excluded. */
  next(name: string): number {
    const index = (this.#drawn.get(name) ?? 0) + 1
    this.#drawn.set(name, index)
    return mix(this.#seed ^ mix(hashOf(name) + Math.imul(index, 0x9e3779b1))) / 4_294_967_296
  }

  /** A whole number from `low` to `high`, both included. */
  between(name: string, low: number, high: number): number {
    return low + Math.floor(this.next(name) * (high - low + 1))
  }

  is(name: string, probability: number): boolean {
    return this.next(name) < probability
  }

  pick<A>(name: string, choices: readonly [A, ...ReadonlyArray<A>]): A {
    return choices[Math.floor(this.next(name) * choices.length)] ?? choices[0]
  }
}
