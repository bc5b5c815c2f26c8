import { limits } from "../../limits.ts"

/** A file as it is before it is read. */
export interface Unread {
  readonly path: string
  readonly bytes: number
  /** For how long nobody has changed it, in milliseconds. */
  readonly still_ms: number
}

/** Keeps a watch from reading all the time what an agent changes all the time. Times are of the steady clock. */
export class Pace {
  readonly #readings = new Map<string, { readonly ended_at: number; readonly took_ms: number }>()
  #postponed_ms: number | null = null

  /** Whether the file may be read: a large one when its writer is at rest, any other file a while after its last reading. */
  mayRead({ bytes, path, still_ms }: Unread, now: number): boolean {
    const last = this.#readings.get(path)
    const pause = last === undefined ? 0 : last.ended_at + limits.reading_pause * last.took_ms - now
    const rest = bytes > limits.large_file_bytes ? limits.large_file_still_ms - still_ms : 0
    const wait_ms = Math.max(pause, rest)
    if (wait_ms <= 0) return true
    this.#postponed_ms = Math.min(wait_ms, this.#postponed_ms ?? wait_ms)
    return false
  }

  /** The file has been read; making sense of it took from `began_at` to `ended_at`. */
  hasRead(path: string, began_at: number, ended_at: number): void {
    this.#readings.set(path, { ended_at, took_ms: ended_at - began_at })
  }

  /** In how many milliseconds the next file may be read that could not be since this was last asked; null where there is none. */
  takePostponed(): number | null {
    const postponed_ms = this.#postponed_ms
    this.#postponed_ms = null
    return postponed_ms
  }
}
