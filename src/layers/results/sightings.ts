import type { Moment } from "../moment.ts"
import { skewOf } from "../moment.ts"

/** When a file changed and since when it is known to be as it is, as the wall clock of this moment tells it (epoch ms). */
export interface Dated {
  readonly changed_at: number
  readonly known_since: number
}

interface Sighting extends Dated {
  readonly version: string
  readonly skew: number // between the clocks, then
}

/** Both clocks are rounded, and the wall clock is corrected by small steps all the time. */
const slack_ms = 1_000

/**
 * Remembers when it first saw each version of the files of one task, the last it was asked about. So a wall clock that is
 * set makes no file older or younger.
 */
export class Sightings {
  #task_id = ""
  readonly #seen = new Map<string, Sighting>()

  date(task_id: string, name: string, version: string, modified_at: number, now: Moment): Dated {
    if (task_id !== this.#task_id) this.#seen.clear()
    this.#task_id = task_id
    const last = this.#seen.get(name)
    const seen = last?.version === version
      ? last
      : { version, changed_at: Math.min(modified_at, now.wall), known_since: now.wall, skew: skewOf(now) }
    this.#seen.set(name, seen)
    const jump = skewOf(now) - seen.skew
    const shift = Math.abs(jump) > slack_ms ? jump : 0
    return { changed_at: seen.changed_at + shift, known_since: seen.known_since + shift }
  }
}
