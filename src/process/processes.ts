import type * as Effect from "effect/Effect"
import type { FileError } from "../storage/files.ts"
import type { WakeRecord } from "./record.ts"
import type { WakeFiles } from "./taskFiles.ts"

/** What the processes of a record are known by: a pid means something in its own boot and pid namespace alone. */
export interface Place {
  readonly boot: string // empty where the platform does not say, as is the next
  readonly pid_namespace: string
}

/** Where a wake is looked for: among the processes here, in another pid namespace, or nowhere, as its boot has ended. */
export type TaskLocation = "here" | "elsewhere" | "ended"

/** A wake as it is looked for; `record` is null where none of this place is to be had. */
export interface KnownWake {
  readonly files: WakeFiles
  readonly record: WakeRecord | null
  readonly at: TaskLocation
}

/** What an earlier look found of a wake, by which the next one knows what its leader or a parent has left behind. */
export interface SeenWake {
  readonly wake: KnownWake
  readonly group: number | null // the one that was its own at that moment
  readonly identities: ReadonlyArray<string> // of its processes
}

/**
 * What lives of a wake: its leader, the members of its group, those that left the group and still carry its cookie, and
 * what any of these has started.
 */
export interface LivingWake extends SeenWake {
  readonly pids: ReadonlyArray<number>
  readonly group: number | null // the one that is signalled as a whole
  readonly strays: ReadonlyArray<number> // those that are signalled one by one
  readonly began: boolean // it is more than a launcher
}

/** The processes of the wakes, as this platform can find and stop them. */
export interface Processes {
  readonly place: Effect.Effect<Place, FileError>
  /** When a process began, as its record tells it; empty where that is not to be had. */
  readonly startOf: (pid: number) => Effect.Effect<string>
  /** Whether the process that wrote the record lives; a recycled pid is not it. */
  readonly leaderLives: (wake: KnownWake) => Effect.Effect<boolean, FileError>
  /**
   * Those of the wakes of which something lives. `seen` is what an earlier look found: a group or a process that was
   * theirs then is theirs now, even where its leader or its parent is gone.
   */
  readonly living: (
    wakes: ReadonlyArray<KnownWake>,
    seen: ReadonlyArray<SeenWake>
  ) => Effect.Effect<ReadonlyArray<LivingWake>, FileError>
  readonly signal: (living: LivingWake, signal: "SIGTERM" | "SIGKILL") => Effect.Effect<void>
}
