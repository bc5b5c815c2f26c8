import type * as Effect from "effect/Effect"
import type { FileError } from "../storage/files.ts"
import type { Place } from "./processes.ts"

/** One entry of the process table. */
export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly zombie: boolean
  readonly start_time: string
  readonly environment: string // `NAME=value` each ended by a NUL; empty where it may not be read, or is not asked for
}

/** The process table of a POSIX system. */
export interface ProcessTable {
  readonly place: Effect.Effect<Place, FileError>
  readonly find: (pid: number) => Effect.Effect<ProcessEntry | null, FileError>
  /** All entries; the environment only of those that began at `since` or later, where start times are numbers. */
  readonly all: (since: number) => Effect.Effect<ReadonlyArray<ProcessEntry>, FileError>
}
