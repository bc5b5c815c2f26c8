import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { Observer } from "../services/Observer.ts"
import { shownAddress } from "./address.ts"
import { observed } from "./observed.ts"
import { blamed, sentenceOf, tunnelTo } from "./proxy.ts"
import type { Ended } from "./reconnect.ts"
import { cooldownOf } from "./reconnect.ts"
import type { Session, SessionEnd, SessionTools } from "./session.ts"
import { makeSession } from "./session.ts"
import type { OpenSocket } from "./socket.ts"
import { OpenError } from "./socket.ts"
import type { HubTls } from "./tls.ts"

export interface ConnectionTools extends SessionTools {
  readonly url: string
  readonly tls: HubTls
  readonly open: OpenSocket
  /** The session that commands go to, while there is one. */
  readonly current: Ref.Ref<Session | null>
}

/** How the log tells an end: the code and the reason of the close frame, or ours. */
const closing = (end: SessionEnd): { readonly code: number; readonly reason: string } => {
  switch (end._tag) {
    case "Closed":
      return { code: end.code, reason: end.reason }
    case "Left":
      return { code: 1000, reason: end.reason }
    case "Refused":
      return { code: 1000, reason: `identification refused: ${end.reason}` }
    case "HalfOpen":
      return { code: 1006, reason: `no pong within ${end.after_ms} ms` }
  }
}

/** Of RFC 6455, which both sides close with. */
const too_large_code = 1009

const ended = (end: SessionEnd, identified: boolean): Ended => ({
  identified,
  refused: end._tag === "Refused",
  too_large: end._tag === "Closed" && end.code === too_large_code,
  cooldown_ms: end._tag === "Closed" ? cooldownOf(end.code, end.reason) : 0
})

const logEnd = (end: SessionEnd, log: SessionTools["log"]): Effect.Effect<void> => {
  if (end._tag === "HalfOpen") return log({ event: "heartbeat_timeout", after_ms: end.after_ms })
  return end._tag === "Refused" ? log({ event: "identify_refused", reason: end.reason }) : Effect.void
}

/** The open socket, through a proxy where the environment names one; `open_timeout_ms` is for all of that. */
const opened = Effect.fnUntraced(function*({ open, timing, tls, url }: ConnectionTools) {
  const tunnel = yield* tunnelTo(url, timing.open_timeout_ms).pipe(
    Effect.mapError((error) => new OpenError({ reason: sentenceOf(error) }))
  )
  return yield* open({
    tls,
    tunnel,
    open_timeout_ms: timing.open_timeout_ms,
    close_timeout_ms: timing.close_timeout_ms,
    url
  }).pipe(
    Effect.timeoutOrElse({
      duration: timing.open_timeout_ms,
      orElse: () => Effect.fail(new OpenError({ reason: `not open within ${timing.open_timeout_ms} ms` }))
    }),
    Effect.mapError(({ reason }) => new OpenError({ reason: blamed(tunnel, reason) }))
  )
})

const session = Effect.fnUntraced(function*(tools: ConnectionTools) {
  const { current, emit, log, url } = tools
  const socket = yield* opened(tools)
  yield* log({ event: "ws_connected", url: shownAddress(url) })
  const connection = yield* makeSession(observed(socket, yield* Observer), tools)
  yield* Ref.set(current, connection)
  const end = yield* emit({ _tag: "Connected" }).pipe(
    Effect.andThen(connection.run),
    Effect.ensuring(Ref.set(current, null)),
    Effect.onInterrupt(() => log({ event: "ws_closed", code: 1000, reason: "shutting down" }))
  )
  if (end._tag === "HalfOpen") yield* socket.terminate
  yield* logEnd(end, log)
  return { end, identified: yield* connection.isIdentified }
}, Effect.scoped)

/** One connection from its opening to its end, with a `Connected` and a `Disconnected` if it opened. */
export const connectOnce = (tools: ConnectionTools): Effect.Effect<Ended> =>
  session(tools).pipe(
    Effect.flatMap(({ end, identified }) =>
      tools.log({ event: "ws_closed", ...closing(end) }).pipe(
        Effect.andThen(tools.emit({ _tag: "Disconnected", half_open: end._tag === "HalfOpen" })),
        Effect.as(ended(end, identified))
      )
    ),
    Effect.catchTag("OpenError", ({ reason }) =>
      Effect.as(
        tools.log({ event: "ws_closed", code: 1006, reason }),
        ended({ _tag: "Left", reason }, false)
      ))
  )
