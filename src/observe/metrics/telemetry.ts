import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { isLoopback } from "../../hub/network.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import type { Status } from "../control/protocol.ts"
import { makeHealth } from "./health.ts"
import { type ListenError, serve } from "./httpServer.ts"
import { makeInstruments } from "./instruments.ts"
import { hasCollector, type Wanted } from "./wanted.ts"

export const metrics_retry_ms = 60_000
const telemetry_refresh_ms = 5_000

/** The sidecar whose metrics are exported. `log` gets what goes wrong. */
interface Subject extends Wanted {
  readonly agent_id: string
  readonly status: Effect.Effect<Status>
  readonly log: (event: LifecycleEvent) => Effect.Effect<void>
}

/**
 * Serves and exports metrics until the scope closes. Returns the observer from which it knows the sidecar. What goes wrong
 * is logged, and the work goes on.
 */
export const makeTelemetry = Effect.fnUntraced(function*({ agent_id, environment, listen, log, status }: Subject) {
  const { health, observe } = yield* makeHealth
  const update = makeInstruments()
  const refresh = Effect.flatMap(Effect.all([status, health]), ([said, found]) => update(said, found))
  const unavailable = (reason: string) => log({ event: "metrics_unavailable", reason })
  const registry: Metric.MetricRegistry = new Map()

  const serveAt = (address: string) => {
    const sources = { status, health, refresh, is_local: isLoopback(new URL(`http://${address}`).hostname) }
    const serving = serve(address, sources).pipe(
      Effect.flatMap((url) => log({ event: "metrics_listening", url })),
      Effect.andThen(Effect.never),
      Effect.scoped
    )
    let isLogged = false
    const logOnce = ({ message }: ListenError) => {
      const isNews = !isLogged
      isLogged = true
      return isNews ? unavailable(message) : Effect.void
    }
    // A port in use is tried again until its holder releases it.
    return Effect.repeat(Effect.catchTag(serving, "ListenError", logOnce), Schedule.spaced(metrics_retry_ms))
  }

  const exporting = Effect.gen(function*() {
    const { exportMetrics } = yield* Effect.promise(() => import("./openTelemetry.ts"))
    const keepFresh = Effect.repeat(refresh, Schedule.spaced(telemetry_refresh_ms))
    return yield* Effect.raceFirst(exportMetrics(environment, agent_id), keepFresh)
  })

  const start = (fiber: Effect.Effect<unknown>) =>
    fiber.pipe(
      Effect.provideService(Metric.MetricRegistry, registry),
      Effect.catchCauseIf(
        (cause) => !Cause.hasInterruptsOnly(cause),
        (cause) => unavailable(String(Cause.squash(cause)))
      ),
      Effect.forkScoped
    )
  if (listen !== undefined) yield* start(serveAt(listen))
  if (hasCollector(environment)) yield* start(exporting)
  return observe
})

/** `makeTelemetry` for a caller with another copy of Effect: this folder has a bundle of its own, apart from the daemon's. */
export const startTelemetry = async (
  wanted: Wanted & {
    readonly agent_id: string
    readonly status: () => Promise<Status>
    readonly log: (event: LifecycleEvent) => void
  }
) => {
  const scope = Scope.makeUnsafe()
  const log = (event: LifecycleEvent) => Effect.sync(() => wanted.log(event))
  const subject = { ...wanted, log, status: Effect.promise(wanted.status) }
  const observe = await Effect.runPromise(Scope.provide(makeTelemetry(subject), scope))
  return {
    observe: (event: ActorEvent): void => Effect.runSync(observe(event)),
    stop: () => Effect.runPromise(Scope.close(scope, Exit.void))
  }
}
