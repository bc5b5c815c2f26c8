import type { Entry } from "./format.ts"
import type { Place } from "./ReplayEvent.ts"

/** An entry with where it stands, and how long its line is. */
export interface Recorded {
  readonly place: Place
  readonly bytes: number
  readonly entry: Entry
}

/** A line that could not be read, and why. */
export interface Unreadable {
  readonly place: Place
  readonly bytes: number
  readonly problem: string
}

export type Line = Recorded | Unreadable
