import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import { wakerLimits } from "../process/limits.ts"
import { boundLog } from "../process/log.ts"
import { logPath } from "../process/taskFiles.ts"
import type { Logger } from "../services/Logger.ts"
import { orElseLog } from "../storage/files.ts"

/** Keeps the logs of tasks within their limit while something may write to them, for as long as the scope lasts. */
export const makeLogKeeper = Effect.fnUntraced(function*(tasks_dir: string, log: Logger["Service"]["log"]) {
  const fibers = yield* FiberMap.make<string, void>()
  const bound = (work_id: string) => boundLog(logPath(tasks_dir, work_id))

  /** Ends at the first trouble; the next `keep`, at the lease at the latest, begins anew. */
  const keeping = (work_id: string) =>
    bound(work_id).pipe(
      Effect.andThen(Effect.sleep(wakerLimits.log_look_ms)),
      Effect.forever,
      (looking) => orElseLog(looking, log, () => undefined),
      Effect.tapCause((cause) =>
        Cause.hasInterruptsOnly(cause)
          ? Effect.void
          : log({ event: "fiber_died", fiber: `log of ${work_id}`, reason: Cause.pretty(cause) })
      )
    )

  return {
    keep: (work_id: string) => Effect.asVoid(FiberMap.run(fibers, work_id, keeping(work_id), { onlyIfMissing: true })),
    /** Nothing writes to it any more. */
    release: (work_id: string) =>
      Effect.andThen(FiberMap.remove(fibers, work_id), orElseLog(bound(work_id), log, () => undefined))
  }
})

export type LogKeeper = Effect.Success<ReturnType<typeof makeLogKeeper>>
