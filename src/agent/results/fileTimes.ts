import { kindOf, type WorkKind } from "../../domain/Work.ts"
import type { Moment } from "../../storage/moment.ts"
import { skewOf } from "../../storage/moment.ts"

const reading_pause = 20 // a watch reads a file again after this many times the duration of the last read
export const large_file_bytes = 1024 * 1024 // a watch reads a larger file only after `large_file_still_ms` without a change
export const large_file_still_ms = 100

/** A file as it is now; `version` changes with every change of it, `modified_at` is what its disk says (epoch ms). */
export interface Changed {
  readonly version: string
  readonly modified_at: number
}

/** When a file changed and since when it is known to be unchanged, by the wall clock of this moment (epoch ms). */
interface Dated {
  readonly changed_at: number
  readonly known_since: number
}

interface Sighting extends Dated {
  readonly version: string
  readonly skew: number // between the clocks, then
}

interface Seen {
  readonly work_id: string
  readonly files: Map<string, Sighting | null> // null: it was not there
}

/** Both clocks are rounded, and the wall clock is corrected by small steps all the time. */
const slack_ms = 1_000

/**
 * Remembers when it first saw each version of the files of one task and one batch, the last it was asked about. A file that it
 * saw appear or change is dated by our own clock, because the clock of a network drive may differ. Only for files that were there
 * at the first look the disk's time counts, and never a time in the future. So a change of any clock makes no file older or
 * younger.
 */
export class Sightings {
  readonly #seen = new Map<WorkKind, Seen>()

  see(work_id: string, name: string, file: Changed | null, now: Moment): Dated | null {
    const kind = kindOf(work_id)
    const last = this.#seen.get(kind)
    const seen: Seen = last?.work_id === work_id ? last : { work_id, files: new Map() }
    this.#seen.set(kind, seen)
    const sighting = file && this.#sighting(seen.files.get(name), file, now)
    seen.files.set(name, sighting)
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

/** A file before it is read. */
export interface Unread {
  readonly path: string
  readonly bytes: number
  /** How long nobody has changed it, in milliseconds. */
  readonly still_ms: number
}

/** Keeps a watch from reading a file over and over while an agent keeps changing it. Times are of the steady clock. */
export class Pace {
  readonly #readings = new Map<string, { readonly ended_at: number; readonly took_ms: number }>()
  #postponed_ms: number | null = null

  /** Whether the file may be read: a large one after its writer has paused, and any one some time after its last reading. */
  mayRead({ bytes, path, still_ms }: Unread, now: number): boolean {
    const last = this.#readings.get(path)
    const pause = last === undefined ? 0 : last.ended_at + reading_pause * last.took_ms - now
    const rest = bytes > large_file_bytes ? large_file_still_ms - still_ms : 0
    const wait_ms = Math.max(pause, rest)
    if (wait_ms <= 0) return true
    this.#postponed_ms = Math.min(wait_ms, this.#postponed_ms ?? wait_ms)
    return false
  }

  /** The file has been read, and parsed from `began_at` to `ended_at`. */
  hasRead(path: string, began_at: number, ended_at: number): void {
    this.#readings.set(path, { ended_at, took_ms: ended_at - began_at })
  }

  /** The time (ms) until the first of the files may be read that were refused since the last call; null if none was. */
  takePostponed(): number | null {
    const postponed_ms = this.#postponed_ms
    this.#postponed_ms = null
    return postponed_ms
  }
}
