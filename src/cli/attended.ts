import * as Effect from "effect/Effect"
import { runSidecar } from "../actor/SidecarActor.ts"
import { watchLoop } from "../actor/watchLoop.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import type { Policy } from "../domain/SidecarState.ts"
import { Control } from "../observe/control/Control.ts"
import { makeDesk } from "../observe/control/desk.ts"
import { thisPlace } from "../observe/control/place.ts"
import type { Status } from "../observe/control/protocol.ts"
import { isWanted } from "../observe/metrics/wanted.ts"
import { Logger } from "../services/Logger.ts"
import { type ActorEvent, Observer } from "../services/Observer.ts"
import { Operator } from "../services/Operator.ts"
import { Waker } from "../services/Waker.ts"
import { release } from "../version.ts"
import { withoutQuery } from "./withoutQuery.ts"

const policyOf = (settings: Settings): Policy => ({
  confirmation_timeout_ms: settings.confirmation_timeout_ms,
  agent_silence_ms: settings.agent_silence_ms,
  task_timeout_ms: settings.task_timeout_ms,
  wake_command_blocks: settings.wake_command_blocks
})

/** Who records what the sidecar does, or nobody, and then nothing of the recording is loaded. */
const recorderFor = Effect.fnUntraced(function*(settings: Settings, record: string | undefined) {
  if (record === undefined) return yield* Observer
  const { recorderOf } = yield* Effect.promise(() => import("./recording.ts"))
  return yield* recorderOf(settings, record)
})

/** Who shows its metrics to others, or nobody, and then nothing of that is loaded. */
const telemetryFor = Effect.fnUntraced(function*(settings: Settings, status: Effect.Effect<Status>) {
  const wanted = { listen: settings.metrics_listen, environment: process.env }
  if (!isWanted(wanted)) return yield* Observer
  const { startTelemetry } = yield* Effect.promise(() => import("../observe/metrics/telemetry.ts"))
  const { log } = yield* Logger
  const context = yield* Effect.context()
  const { observe } = yield* Effect.acquireRelease(
    Effect.promise(() =>
      startTelemetry({
        ...wanted,
        agent_id: settings.agent_id,
        status: () => Effect.runPromiseWith(context)(status),
        log: (event) => Effect.runSyncWith(context)(log(event))
      })
    ),
    ({ stop }) => Effect.promise(stop)
  )
  return (event: ActorEvent) => Effect.sync(() => observe(event))
})

/** The actor, with all that looks at it and all that it may be asked. */
export const attended = Effect.fnUntraced(function*(settings: Settings, record: string | undefined) {
  const policy = policyOf(settings)
  const about = {
    version: release,
    agent_id: settings.agent_id,
    hub_url: withoutQuery(settings.hub_url),
    pid: process.pid,
    ...yield* thisPlace
  }
  const desk = yield* makeDesk(policy, about)
  const { survivors } = yield* Waker
  const observers = [
    desk.observe,
    yield* watchLoop,
    yield* recorderFor(settings, record),
    yield* telemetryFor(settings, desk.status(survivors))
  ]
  const { answerWith } = yield* Control
  // The actor asks for this when it has read the state, before it connects to the hub.
  const operator = Effect.as(answerWith(desk.respond(survivors)), desk.requests)
  return runSidecar(policy).pipe(
    Effect.provideService(
      Observer,
      (event: ActorEvent) => Effect.forEach(observers, (observe) => observe(event), { discard: true })
    ),
    Effect.provideService(Operator, operator)
  )
})
