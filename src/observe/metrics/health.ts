import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { hubTiming } from "../../hub/timing.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import { thisMoment } from "../../storage/moment.ts"
import { shownReadiness } from "../control/Overview.ts"

export const healthy_heartbeats = 2 // ping intervals that the hub may be silent

/** Whether the agent can get tasks from the hub, and why. */
export interface Health {
  readonly healthy: boolean
  /** How long ago the hub was heard; null if it never was. */
  readonly silent_ms: number | null
  readonly reason: string
  /** Why no task is taken, since when (epoch milliseconds) and what to do; null if one is. */
  readonly not_ready: ReturnType<typeof shownReadiness>
}

interface Heard {
  readonly identified: boolean
  readonly at: number | null
  readonly not_ready: Health["not_ready"]
  readonly holds_task: boolean
}

const nothingHeard: Heard = { identified: false, at: null, not_ready: null, holds_task: false }

/** Frames count only once the hub has identified this connection: a hub that refuses the agent is no sign of health. */
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

const longest_silence_ms = healthy_heartbeats * hubTiming.ping_interval_ms

const inSeconds = (ms: number): string => `${Math.round(ms / 1_000)} s`

/** A sidecar that finishes a task is as healthy as its connection. One without a task that is not ready has no connection. */
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

/** An observer, and the health it knows: good if the hub was heard within two heartbeats and the sidecar is ready. */
export const makeHealth = Effect.map(Ref.make(nothingHeard), (heard) => ({
  observe: (event: ActorEvent) =>
    Effect.flatMap(thisMoment, ({ steady }) => Ref.update(heard, (before) => hear(before, event, steady))),
  health: Effect.flatMap(thisMoment, ({ steady }) => Effect.map(Ref.get(heard), (last) => healthOf(last, steady)))
}))
