import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Queue from "effect/Queue"
import * as Ref from "effect/Ref"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import { dirname } from "node:path"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import type { HubMessage } from "../domain/Message.ts"
import { connectOnce } from "../hub/connection.ts"
import { lookUpTask } from "../hub/hubHttp.ts"
import { makeLargeFrames } from "../hub/largeFrames.ts"
import type { Session } from "../hub/session.ts"
import { SocketOpener } from "../hub/socket.ts"
import { connectForever, HubTiming, reconnectSchedule } from "../hub/timing.ts"
import { makeHideSecrets } from "../secrets/outgoing.ts"
import { knownSecrets } from "../secrets/secret.ts"
import { Hub } from "../services/Hub.ts"
import { Logger } from "../services/Logger.ts"
import { release } from "../version.ts"

/** The hub over a WebSocket. Looks tasks up over HTTP. */
export const HubWebSocket: Layer.Layer<Hub, never, SidecarConfig | Logger> = Layer.effect(
  Hub,
  Effect.gen(function*() {
    const settings = yield* SidecarConfig
    const { agent_id, capabilities, hub_api_url, hub_url, token } = settings
    const { log } = yield* Logger
    const timing = yield* HubTiming
    const open = yield* SocketOpener
    const hideSecrets = makeHideSecrets(knownSecrets(settings, process.env))
    const large_frames = yield* makeLargeFrames(dirname(settings.state_file), log)
    const current = yield* Ref.make<Session | null>(null)

    const withSession = (use: (session: Session) => Effect.Effect<void>): Effect.Effect<void> =>
      Effect.flatMap(Ref.get(current), (session) => session === null ? Effect.void : use(session))

    const schedule = Schedule.tap(
      reconnectSchedule(timing),
      ({ attempt, duration }) => log({ event: "reconnect_scheduled", delay_ms: Duration.toMillis(duration), attempt })
    )

    return {
      // One message at a time: the others stay in the socket's inbox, which counts their bytes.
      messages: Stream.callback<HubMessage>(
        (queue) =>
          connectForever(
            connectOnce({
              hideSecrets,
              identity: { agent_id, capabilities, token, client_version: release },
              current,
              emit: (message) => Effect.asVoid(Queue.offer(queue, message)),
              large_frames,
              log,
              open,
              timing,
              tls: settings,
              url: hub_url
            }),
            schedule
          ),
        { bufferSize: 1, strategy: "suspend" }
      ),
      send: (command) => withSession((session) => session.send(command)),
      reconnect: (reason) =>
        withSession((session) => Effect.andThen(log({ event: "reconnecting", reason }), session.leave(reason))),
      lookUp: (task_id) =>
        lookUpTask(task_id, { agent_id, hub_api_url, timeout_ms: timing.lookup_timeout_ms, tls: settings, token }).pipe(
          Effect.catchTag(
            "HttpError",
            ({ reason }) =>
              Effect.as(log({ event: "hub_error", error: `look-up of ${task_id}: ${reason}` }), "unknown" as const)
          )
        )
    }
  })
)
