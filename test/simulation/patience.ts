import type { World } from "./world.ts"

/** Something that may be, but not for long. */
export interface Situation {
  readonly what: string
  readonly bound_ms: number
  /** Whose situation it is; null where it is not so. Another key is another situation. */
  readonly key: () => string | null
  /** It goes on though the daemon ends. */
  readonly outlives?: boolean
}

interface Watched {
  readonly situation: Situation
  key: string | null
  since: number
  alarm: boolean
}

/** Sees to it that nothing lasts longer than it may. A fault that hinders us sets the clock back. */
export class Patience {
  readonly #world: World
  readonly #watched: ReadonlyArray<Watched>

  constructor(world: World, situations: ReadonlyArray<Situation>) {
    this.#world = world
    this.#watched = situations.map((situation) => ({ situation, key: null, since: 0, alarm: false }))
  }

  /** Something has changed. */
  look(): void {
    const { now } = this.#world
    for (const watched of this.#watched) {
      const key = watched.situation.key()
      if (key === watched.key) continue
      watched.key = key
      watched.since = now
      if (key !== null) this.#await(watched)
    }
  }

  /** One alarm at a time is enough: it looks how long there still is. */
  #await(watched: Watched): void {
    if (watched.alarm) return
    watched.alarm = true
    const { situation: { bound_ms }, since } = watched
    this.#world.timeline.after(since + bound_ms - this.#world.now, () => {
      watched.alarm = false
      this.look()
      this.#ring(watched)
    })
  }

  #ring(watched: Watched): void {
    const { hindered_at, now } = this.#world
    const { key, situation: { bound_ms, what } } = watched
    if (key === null) return
    watched.since = Math.max(watched.since, hindered_at)
    if (now - watched.since < bound_ms) return this.#await(watched)
    this.#world.violate(`${what} for ${bound_ms} ms: ${key}`)
  }
}
