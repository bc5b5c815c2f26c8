import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Metric from "effect/Metric"
import * as Schedule from "effect/Schedule"
import * as Scope from "effect/Scope"
import type { LifecycleEvent } from "../../domain/LifecycleEvent.ts"
import { isLoopback } from "../../hub/address.ts"
import { limits } from "../../limits.ts"
import type { ActorEvent } from "../../services/Observer.ts"
import type { Status } from "../control/protocol.ts"
import { makeHealth } from "./health.ts"
import { type ListenError, serve } from "./httpServer.ts"
import { makeInstruments } from "./instruments.ts"
import { type Asked, pageAt } from "./pages.ts"
import { hasCollector, type Wanted } from "./wanted.ts"

/** What is shown, and where what goes wrong is told. */
export interface Subject extends Wanted {
  readonly agent_id: string
  readonly status: Effect.Effect<Status>
  readonly log: (event: LifecycleEvent) => Effect.Effect<void>
}

/**
 * Shows others how the sidecar is, as long as the scope lasts; succeeds with the observer from which it knows. It is a
 * convenience: what goes wrong in it is logged, and the work goes on.
 */
export const makeTelemetry = Effect.fnUntraced(function*({ agent_id, environment, listen, log, status }: Subject) {
  const { health, observe } = yield* makeHealth
  const update = makeInstruments()
  const refresh = Effect.flatMap(Effect.all([status, health]), ([said, found]) => update(said, found))
  const unavailable = (reason: string) => log({ event: "metrics_unavailable", reason })

  const serveAt = (address: string) => {
    const is_local = isLoopback(new URL(`http://${address}`).hostname)
    const answer = (asked: Asked) =>
      Effect.provideService(pageAt({ status, health, refresh, is_local }, asked), Metric.MetricRegistry, registry)
    const served = Effect.flatMap(serve(address, answer), (url) => log({ event: "metrics_listening", url })).pipe(
      Effect.andThen(Effect.never),
      Effect.scoped
    )
    let told = false
    const tell = ({ message }: ListenError) => {
      const isNews = !told
      told = true
      return isNews ? unavailable(message) : Effect.void
    }
    // It is said once; then the port is tried again until its holder lets go of it.
    return Effect.repeat(Effect.catchTag(served, "ListenError", tell), Schedule.spaced(limits.metrics_retry_ms))
  }

  const exported = Effect.gen(function*() {
    const { exportMetrics } = yield* Effect.promise(() => import("./openTelemetry.ts"))
    const keepFresh = Effect.repeat(refresh, Schedule.spaced(limits.telemetry_refresh_ms))
    return yield* Effect.raceFirst(exportMetrics(environment, agent_id), keepFresh)
  })

  const registry: Metric.MetricRegistry = new Map()
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
  if (hasCollector(environment)) yield* start(exported)
  return observe
})

/** The same for who runs another copy of Effect: this folder is bundled by itself, and shares none with the daemon. */
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
