import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { limits } from "../../limits.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { shownReadiness } from "../control/shownReadiness.ts"

/** Whether the hub is there for the agent, and why; `silent_ms` is how long ago it was heard, null for never. */
export interface Health {
  readonly healthy: boolean
  readonly silent_ms: number | null
  readonly reason: string
  /** Why no task is taken, since when (epoch milliseconds) and what to do; null where one is. */
  readonly not_ready: ReturnType<typeof shownReadiness>
}

interface Heard {
  readonly identified: boolean
  readonly at: number | null
  readonly not_ready: Health["not_ready"]
  readonly holds_task: boolean
}

const nothingHeard: Heard = { identified: false, at: null, not_ready: null, holds_task: false }

/** What a hub says that does not know us as its agent is no sign of health. */
const hear = (heard: Heard, event: ActorEvent, now: number): Heard => {
  switch (event._tag) {
    case "FrameIn":
    case "BinaryIn":
      return heard.identified ? { ...heard, at: now } : heard
    case "Stepped": {
      const { after } = event.step
      const identified = after.connection.phase === "identified"
      return {
        identified,
        at: identified && !heard.identified ? now : heard.at,
        not_ready: shownReadiness(after.readiness),
        holds_task: after.stored.task !== null
      }
    }
    default:
      return heard
  }
}

const longest_silence_ms = limits.healthy_heartbeats * limits.ping_interval_ms

const inSeconds = (ms: number): string => `${Math.round(ms / 1_000)} s`

/** Who finishes a task is as healthy as its connection; who holds none and is not ready has none. */
const healthOf = ({ at, holds_task, not_ready }: Heard, now: number): Health => {
  const silent_ms = at === null ? null : now - at
  if (not_ready !== null && !holds_task) {
    return { healthy: false, silent_ms, reason: `not ready: ${not_ready.reason}`, not_ready }
  }
  if (silent_ms === null) {
    return { healthy: false, silent_ms, reason: "not yet connected to the hub as its agent", not_ready }
  }
  const healthy = silent_ms <= longest_silence_ms
  const reason = healthy
    ? `heard from the hub ${inSeconds(silent_ms)} ago`
    : `nothing heard from the hub for ${inSeconds(silent_ms)}, longer than ${inSeconds(longest_silence_ms)}`
  return { healthy, silent_ms, reason, not_ready }
}

/** By a clock that nobody can set, in milliseconds. */
const steadyNow = Effect.map(Clock.monotonicTimeNanos, (nanos) => Number(nanos / 1_000_000n))

/** Healthy is who has heard from the hub within two heartbeats and is ready, not who is merely alive. */
export const makeHealth = Effect.map(Ref.make(nothingHeard), (heard) => ({
  observe: (event: ActorEvent) =>
    Effect.flatMap(steadyNow, (now) => Ref.update(heard, (before) => hear(before, event, now))),
  health: Effect.flatMap(steadyNow, (now) => Effect.map(Ref.get(heard), (last) => healthOf(last, now)))
}))
