import * as Effect from "effect/Effect"
import { watchLoop } from "../actor/background.ts"
import { runSidecar } from "../actor/SidecarActor.ts"
import type { Settings } from "../config/SidecarConfig.ts"
import { thisPlace } from "../observe/control/ControlFile.ts"
import type { Status } from "../observe/control/protocol.ts"
import { Control, makeControlHandler } from "../observe/control/server.ts"
import { isWanted } from "../observe/metrics/wanted.ts"
import { Logger } from "../services/Logger.ts"
import { MessageStore } from "../services/MessageStore.ts"
import { type ActorEvent, Observer } from "../services/Observer.ts"
import { Operator } from "../services/Operator.ts"
import { Waker } from "../services/Waker.ts"
import { release } from "../version.ts"
import { withoutQuery } from "./readable.ts"

/** The observer that writes a recording. Loads the code of the recording only if one is wanted. */
const recorderFor = Effect.fnUntraced(function*(settings: Settings, record: string | undefined) {
  if (record === undefined) return yield* Observer
  const { recorderOf } = yield* Effect.promise(() => import("./recording.ts"))
  return yield* recorderOf(settings, record)
})

/** The observer that counts for the metrics. Loads the code of the metrics only if they are wanted. */
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

/** Prepares the actor, its observers and the control socket. Succeeds with the effect that runs the actor. */
export const makeRuntime = Effect.fnUntraced(function*(settings: Settings, record: string | undefined) {
  const { agent_id, agent_silence_ms, confirmation_timeout_ms, messages, task_timeout_ms, wake_command_blocks } =
    settings
  const policy = { confirmation_timeout_ms, agent_silence_ms, task_timeout_ms, wake_command_blocks, messages }
  const control = yield* makeControlHandler(policy, {
    version: release,
    agent_id,
    hub_url: withoutQuery(settings.hub_url),
    pid: process.pid,
    ...yield* thisPlace
  })
  const { survivors } = yield* Waker
  const observers = [
    control.observe,
    yield* watchLoop,
    yield* recorderFor(settings, record),
    yield* telemetryFor(settings, control.status(survivors))
  ]
  const { answerWith } = yield* Control
  // The actor runs this after it has read the state and before it connects to the hub.
  const operator = Effect.as(answerWith(control.respond(survivors, (yield* MessageStore).list)), control.requests)
  return runSidecar(policy).pipe(
    Effect.provideService(
      Observer,
      (event: ActorEvent) => Effect.forEach(observers, (observe) => observe(event), { discard: true })
    ),
    Effect.provideService(Operator, operator)
  )
})
