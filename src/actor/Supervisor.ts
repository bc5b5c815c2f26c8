import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import { isLoss } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"

/** The actor's fibers by name. A fiber that dies is logged and fails `join`, which ends the daemon. */
export const makeSupervisor = Effect.gen(function*() {
  const fibers = yield* FiberMap.make<string, void, unknown>()
  const logger = yield* Logger

  const logged = <E>(name: string, effect: Effect.Effect<void, E>) =>
    Effect.tapCause(effect, (cause) =>
      Cause.hasInterruptsOnly(cause) || isLoss(cause)
        ? Effect.void
        : logger.log({ event: "fiber_died", fiber: name, reason: Cause.pretty(cause) }))

  return {
    /** Starts the fiber of that name, and interrupts the one that had it. */
    run: <E>(name: string, effect: Effect.Effect<void, E>) =>
      Effect.asVoid(FiberMap.run(fibers, name, logged(name, effect))),
    /** Starts the fiber of that name, unless one runs. */
    runOnce: <E>(name: string, effect: Effect.Effect<void, E>) =>
      Effect.asVoid(FiberMap.run(fibers, name, logged(name, effect), { onlyIfMissing: true })),
    /** Interrupts the fiber of that name, if one runs, and waits for its end. */
    stop: (name: string) => FiberMap.remove(fibers, name),
    /** Fails with the first fiber that fails. It never succeeds. */
    join: Effect.andThen(FiberMap.join(fibers), Effect.never)
  }
})

export type Supervisor = Effect.Success<typeof makeSupervisor>
