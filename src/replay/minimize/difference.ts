import type { RunSidecar } from "../engine/Life.ts"
import type { Recorded } from "../engine/Window.ts"
import { Replay, type ReplayOptions } from "../Replay.ts"
import { isDifference, type ReplayEvent } from "../ReplayEvent.ts"
import { limits } from "./limits.ts"

/** The first place where a replay differs: in which way, and when by the recorded clock in epoch milliseconds. */
export interface Difference {
  readonly kind: string
  readonly t: number
  /** The recorded line that this version knows nothing of, where it is that. */
  readonly line: number | null
}

const kindOf = (event: ReplayEvent): string => {
  switch (event.kind) {
    case "frame":
      return event.dir === "in"
        ? "frame in"
        : `frame ${event.verdict} ${String(event.msg["type"])} ${String(event.msg["task_id"])} ${
          event.fields.join(",")
        }`
    case "wake":
      return `wake ${event.task_id}`
    case "action":
      return `${event.action} ${event.task_id}`
    case "unasked":
      return `unasked ${event.fact._tag} ${"task_id" in event.fact ? event.fact.task_id : ""}`
    case "decision":
      return `decision ${event.verdict} ${event.commands.join(", ")}`
    default:
      return event.kind
  }
}

const lineOf = (event: ReplayEvent): number | null => {
  if (event.kind === "unasked") return event.place.line
  return event.kind === "frame" && event.dir === "out" && event.verdict === "recorded"
    ? event.recorded?.place.line ?? null
    : null
}

const firstIn = (events: ReadonlyArray<ReplayEvent>): Difference | null => {
  const event = events.find(isDifference)
  return event === undefined ? null : { kind: kindOf(event), t: event.t, line: lineOf(event) }
}

/** Replays the lines up to where they differ; null where they do not. */
export const firstDifference = (
  lines: ReadonlyArray<Recorded>,
  run: RunSidecar,
  options: ReplayOptions
): Difference | null => {
  const replay = new Replay(run, options)
  for (const line of lines) {
    const found = firstIn(replay.feed(line))
    if (found !== null) return found
  }
  return firstIn(replay.finish())
}

/** Whether two differences are the same one. As each line keeps its time, so does what differs at it. */
export const isSame = (a: Difference, b: Difference | null): boolean =>
  b !== null && a.kind === b.kind && Math.abs(a.t - b.t) <= limits.same_ms
