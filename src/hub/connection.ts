import * as Effect from "effect/Effect"
import * as Ref from "effect/Ref"
import { type ActorEvent, Observer } from "../services/Observer.ts"
import { type HubTls, shownAddress } from "./network.ts"
import { blamed, sentenceOf, tunnelTo } from "./proxy.ts"
import { makeSession, type Session, type SessionEnd, type SessionTools } from "./session.ts"
import { type HubSocket, OpenError, type OpenSocket, type SocketEvent } from "./socket.ts"
import { cooldownOf, type Ended } from "./timing.ts"

interface ConnectionTools extends SessionTools {
  readonly url: string
  readonly tls: HubTls
  readonly open: OpenSocket
  /** The session that takes commands; null without a connection. */
  readonly current: Ref.Ref<Session | null>
}

const failed = (reason: string) => new OpenError({ reason })

/** Opens the socket, through a proxy if the environment names one. Both together have `open_timeout_ms`. */
const openSocket = Effect.fnUntraced(function*({ open, timing, tls, url }: ConnectionTools) {
  const { close_timeout_ms, open_timeout_ms } = timing
  const tunnel = yield* Effect.mapError(tunnelTo(url, open_timeout_ms), (error) => failed(sentenceOf(error)))
  return yield* open({ tls, tunnel, open_timeout_ms, close_timeout_ms, url }).pipe(
    Effect.timeoutOrElse({
      duration: open_timeout_ms,
      orElse: () => Effect.fail(failed(`not open within ${open_timeout_ms} ms`))
    }),
    Effect.mapError(({ reason }) => failed(blamed(tunnel, reason)))
  )
})

const observedEvent = (event: SocketEvent): ActorEvent | null => {
  switch (event._tag) {
    case "Text":
      return { _tag: "FrameIn", text: event.text }
    case "Binary":
      return { _tag: "BinaryIn", bytes: event.bytes }
    case "Closed":
      return null
  }
}

/** The same socket, except that the observer gets each frame before anything else happens with it. */
const observed = (socket: HubSocket, observe: (event: ActorEvent) => Effect.Effect<void>): HubSocket => ({
  ...socket,
  receive: Effect.tap(socket.receive, (event) => {
    const seen = observedEvent(event)
    return seen === null ? Effect.void : observe(seen)
  }),
  send: (text) => Effect.andThen(observe({ _tag: "FrameOut", text }), socket.send(text))
})

/** The close code of RFC 6455 for a frame that is too large. */
const too_large_code = 1009

const endedBy = (end: SessionEnd, identified: boolean): Ended => ({
  identified,
  refused: end._tag === "Refused",
  too_large: end._tag === "Closed" && end.code === too_large_code,
  cooldown_ms: end._tag === "Closed" ? cooldownOf(end.code, end.reason) : 0
})

/** Code and reason of an end for the log: those of the close frame, or ours. */
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

/** The whole life of one socket. Its scope, and so the socket, is closed before this returns. */
const runSession = Effect.fnUntraced(function*(tools: ConnectionTools) {
  const { current, emit, log, url } = tools
  const socket = yield* openSocket(tools)
  yield* log({ event: "ws_connected", url: shownAddress(url) })
  const session = yield* makeSession(observed(socket, yield* Observer), tools)
  yield* Ref.set(current, session)
  const end = yield* emit({ _tag: "Connected" }).pipe(
    Effect.andThen(session.run),
    Effect.ensuring(Ref.set(current, null)),
    Effect.onInterrupt(() => log({ event: "ws_closed", code: 1000, reason: "shutting down" }))
  )
  if (end._tag === "HalfOpen") {
    yield* socket.terminate
    yield* log({ event: "heartbeat_timeout", after_ms: end.after_ms })
  }
  if (end._tag === "Refused") yield* log({ event: "identify_refused", reason: end.reason })
  return { end, identified: yield* session.isIdentified }
}, Effect.scoped)

/** One connection from its opening to its end. If it opened, it emits `Connected`, and `Disconnected` at its end. */
export const connectOnce = (tools: ConnectionTools): Effect.Effect<Ended> =>
  Effect.gen(function*() {
    const { end, identified } = yield* runSession(tools)
    yield* tools.log({ event: "ws_closed", ...closing(end) })
    yield* tools.emit({ _tag: "Disconnected", half_open: end._tag === "HalfOpen" })
    return endedBy(end, identified)
  }).pipe(
    Effect.catchTag("OpenError", ({ reason }) =>
      Effect.as(
        tools.log({ event: "ws_closed", code: 1006, reason }),
        endedBy({ _tag: "Left", reason }, false)
      ))
  )
