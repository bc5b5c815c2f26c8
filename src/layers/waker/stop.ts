import * as Effect from "effect/Effect"
import { limits } from "../../limits.ts"
import type { Logger } from "../../services/Logger.ts"
import type { FileError } from "../files.ts"
import { polling } from "./polling.ts"
import type { KnownWake, LivingWake, Processes, SeenWake } from "./processes.ts"

/** How the wakes of one task are stopped; waits in milliseconds. */
export interface StopOptions {
  readonly task_id: string
  readonly linger_ms: number
  readonly kill_grace_ms: number
}

const pidsOf = (living: ReadonlyArray<LivingWake>): ReadonlyArray<number> => living.flatMap(({ pids }) => pids)

/**
 * Gives what lives of the wakes, also by what was `seen` of them before, `linger_ms` to end by itself, then asks it to
 * (SIGTERM), and after `kill_grace_ms` ends it (SIGKILL). Returns when nothing lives any more, or nothing could be done
 * about it, with whether anything lived.
 */
export const stopWakes = Effect.fnUntraced(function*(
  processes: Processes,
  wakes: ReadonlyArray<KnownWake>,
  seen: ReadonlyArray<SeenWake>,
  log: Logger["Service"]["log"],
  { task_id, linger_ms, kill_grace_ms }: StopOptions
) {
  let living: ReadonlyArray<LivingWake> = []
  let known = seen
  const look = Effect.map(
    Effect.suspend(() => processes.living(wakes, known)),
    (found) => {
      living = found
      known = found
      return found.length === 0
    }
  )
  const signal = (name: "SIGTERM" | "SIGKILL") =>
    Effect.suspend(() => Effect.forEach(living, (wake) => processes.signal(wake, name), { discard: true }))
  const goneWithin = (wait_ms: number, step: Effect.Effect<boolean, FileError>) =>
    Effect.timeoutOrElse(Effect.repeat(step, { schedule: polling, until: (gone) => gone }), {
      duration: wait_ms,
      orElse: () => look
    })
  const stopping = (reason: string) =>
    log({ event: "agent_stopping", task_id, reason: `${reason} to its processes ${pidsOf(living).join(", ")}` })

  if (yield* look) return false
  if (linger_ms > 0 && (yield* goneWithin(linger_ms, look))) return true
  yield* stopping("SIGTERM")
  yield* signal("SIGTERM")
  if (yield* goneWithin(kill_grace_ms, look)) return true
  yield* stopping("SIGKILL")
  const killed = yield* goneWithin(limits.kill_wait_ms, Effect.andThen(signal("SIGKILL"), look))
  if (!killed) yield* log({ event: "agent_unstoppable", task_id, pids: pidsOf(living) })
  return true
})
