import * as Effect from "effect/Effect"
import { nameOf } from "../domain/Work.ts"
import type { KnownWake } from "../process/knownWake.ts"
import { polling } from "../process/limits.ts"
import type { LivingWake, Processes, SeenWake } from "../process/processes.ts"
import type { Logger } from "../services/Logger.ts"
import type { Looks } from "../storage/reading.ts"
import { livingWakes } from "./evidence.ts"

const kill_wait_ms = 10_000

interface StopTools {
  readonly processes: Processes
  readonly looks: Looks
  readonly log: Logger["Service"]["log"]
}

interface StopOptions {
  readonly work_id: string
  readonly linger_ms: number
  readonly kill_grace_ms: number
}

/** A wake without a process here lives in another pid namespace, where no signal from here reaches it. */
const isReachable = ({ pids }: LivingWake): boolean => pids.length > 0

const pidsOf = (living: ReadonlyArray<LivingWake>): ReadonlyArray<number> => living.flatMap(({ pids }) => pids)

/**
 * Gives what lives of the wakes, including what was `seen` of them before, `linger_ms` to end by itself. Then sends SIGTERM,
 * and after `kill_grace_ms` SIGKILL. Returns whether anything lived, when nothing lives any more or SIGKILL did not help for
 * `kill_wait_ms`. Waits without limit for what lives in another pid namespace.
 */
export const stopWakes = Effect.fnUntraced(function*(
  { log, looks, processes }: StopTools,
  wakes: ReadonlyArray<KnownWake>,
  seen: ReadonlyArray<SeenWake>,
  { work_id, linger_ms, kill_grace_ms }: StopOptions
) {
  let living: ReadonlyArray<LivingWake> = []
  let known = seen
  const look = Effect.map(
    looks.untilKnown(Effect.suspend(() => livingWakes(processes, wakes, known))),
    (found) => {
      living = found
      known = found
      return found.length === 0
    }
  )
  const signal = (name: "SIGTERM" | "SIGKILL") =>
    Effect.suspend(() => Effect.forEach(living, (wake) => processes.signal(wake, name), { discard: true }))
  const goneWithin = (wait_ms: number, step: Effect.Effect<boolean>) =>
    Effect.timeoutOrElse(Effect.repeat(step, { schedule: polling, until: (gone) => gone }), {
      duration: wait_ms,
      orElse: () => look
    })
  const stopping = (reason: string) =>
    log({
      event: "agent_stopping",
      ...nameOf(work_id),
      reason: `${reason} to its processes ${pidsOf(living).join(", ")}`
    })

  const stopReachable = Effect.gen(function*() {
    yield* stopping("SIGTERM")
    yield* signal("SIGTERM")
    if (yield* goneWithin(kill_grace_ms, look)) return
    yield* stopping("SIGKILL")
    yield* goneWithin(kill_wait_ms, Effect.andThen(signal("SIGKILL"), look))
    if (living.some(isReachable)) yield* log({ event: "agent_unstoppable", ...nameOf(work_id), pids: pidsOf(living) })
  })

  if (yield* look) return false
  if (linger_ms > 0 && (yield* goneWithin(linger_ms, look))) return true
  if (living.some(isReachable)) yield* stopReachable
  if (!living.every(isReachable)) {
    yield* log({ event: "agent_out_of_reach", ...nameOf(work_id) })
    yield* Effect.repeat(look, { schedule: polling, until: () => living.every(isReachable) })
  }
  return true
})
