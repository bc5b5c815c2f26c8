import type { Moment } from "../../storage/moment.ts"
import { skewOf } from "../../storage/moment.ts"

/** A file as it is now; `version` changes with every change of it, `modified_at` is what its disk says (epoch ms). */
export interface Changed {
  readonly version: string
  readonly modified_at: number
}

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
 * Remembers when it first saw each version of the files of one task, the last it was asked about. What it saw appear
 * changed then, by our own clock: that of a network drive may differ. Of what was there at the first look only the disk
 * knows the time, which is never later than now. So a clock that is set, or another's, makes no file older or younger.
 */
export class Sightings {
  #work_id = ""
  readonly #seen = new Map<string, Sighting | null>() // null: it was not there

  see(work_id: string, name: string, file: Changed | null, now: Moment): Dated | null {
    if (work_id !== this.#work_id) this.#seen.clear()
    this.#work_id = work_id
    const sighting = file && this.#sighting(this.#seen.get(name), file, now)
    this.#seen.set(name, sighting)
    if (sighting === null) return null
    const jump = skewOf(now) - sighting.skew
    const shift = Math.abs(jump) > slack_ms ? jump : 0
    return { changed_at: sighting.changed_at + shift, known_since: sighting.known_since + shift }
  }

  #sighting(last: Sighting | null | undefined, { modified_at, version }: Changed, now: Moment): Sighting {
    if (last?.version === version) return last
    const changed_at = last === undefined ? Math.min(modified_at, now.wall) : now.wall
    return { version, changed_at, known_since: now.wall, skew: skewOf(now) }
  }
}
