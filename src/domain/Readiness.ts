import * as Schema from "effect/Schema"
import { domainLimits } from "./limits.ts"
import type { SidecarState } from "./SidecarState.ts"

/** What keeps this machine from waking the agent for any task. */
export const Obstacle = Schema.Struct({ cause: Schema.Literals(["program", "folders"]), reason: Schema.String })
export type Obstacle = typeof Obstacle.Type

/** Why no task is taken. */
export const Unready = Schema.Struct({
  cause: Schema.Literals(["draining", "disk", "failures", ...Obstacle.fields.cause.literals]),
  reason: Schema.String
})
export type Unready = typeof Unready.Type

/** The same, with the time since when (epoch milliseconds). */
export const NotReady = Schema.Struct({ ...Unready.fields, since: Schema.Finite })
export type NotReady = typeof NotReady.Type

/**
 * Whether a task may be taken now. The hub gives one to every connected idle agent, so a sidecar that is not ready
 * disconnects. `link` says whether a connection is kept. It rests for `readiness_ms` after it was closed.
 */
export const Readiness = Schema.Struct({
  link: Schema.Literals(["open", "resting", "closed"]),
  obstacle: Schema.NullOr(Obstacle),
  programs: Schema.NullOr(Schema.String), // that a wake would run, by the last check
  failures: Schema.Int, // in a row, each after a short wake and without the agent's own verdict
  paused_by: Schema.NullOr(Schema.String), // the reason of the last failure, during the pause
  not_ready: Schema.NullOr(NotReady) // as it was logged last
})
export type Readiness = typeof Readiness.Type

export const notOpenedYet: Readiness = {
  link: "closed",
  obstacle: null,
  programs: null,
  failures: 0,
  paused_by: null,
  not_ready: null
}

/** How long the pause is after that many failures in a row, in milliseconds. */
export const pauseAfter = (failures: number): number => {
  const [first, second, later] = domainLimits.failure_pauses_ms
  return failures <= 1 ? first : failures === 2 ? second : later
}

const pausedReason = (failures: number, last: string): string =>
  `${failures === 1 ? "the last task" : `the last ${failures} tasks`} failed within ${
    domainLimits.short_wake_ms / 1_000
  } s of ` +
  `the wake, without an answer of the agent's own; the next is taken after ${pauseAfter(failures) / 1_000} s: ${last}`

/** Rule 13: why no task may be taken now; null if one may. */
export const whyNotReady = ({ disk, draining, readiness }: SidecarState): Unready | null => {
  const { failures, obstacle, paused_by } = readiness
  if (draining !== null) {
    return { cause: "draining", reason: `it ${draining === 0 ? "ends" : "restarts"} when it holds no task any more` }
  }
  if (disk !== "ok") return { cause: "disk", reason: "its state cannot be written (state_unsaved in the log says why)" }
  if (obstacle !== null) return obstacle
  return paused_by === null ? null : { cause: "failures", reason: pausedReason(failures, paused_by) }
}

const remedies: Readonly<Record<Unready["cause"], string>> = {
  draining: "wait until it has ended, then start it again",
  disk: "make room on the disk, and let its user write in the folder; it tries again by itself",
  folders: "let its user read and write tasks_dir and results_dir, and make room there; it looks again by itself",
  program: "install the program, or correct wake_command (docs/agents.md) or the PATH of what starts the sidecar",
  failures:
    "run the wake command by hand and see why it fails; tasks/<id>.log has what it printed. A restart ends the pause"
}

/** What the owner of the machine can do. */
export const remedyFor = ({ cause }: Unready): string => remedies[cause]
