import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { RawData } from "ws"
import { WebSocket } from "ws"
import { limits } from "../limits.ts"
import { type RequestOptions, requestOptions } from "./connect.ts"
import { hubBehind, reasonOf } from "./failure.ts"
import { type Arrival, Inbox } from "./inbox.ts"
import type { HubSocket, OpenSocket, SocketOptions } from "./socket.ts"
import { OpenError } from "./socket.ts"

/** What a frame costs beside its text, so that empty ones cannot pile up without end. */
const frame_overhead_bytes = 512

const bytesOf = (data: RawData): Buffer => {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

const frameOf = (data: RawData, isBinary: boolean): Arrival => {
  const bytes = bytesOf(data)
  return {
    event: isBinary ? { _tag: "Binary", bytes: bytes.length } : { _tag: "Text", text: bytes.toString() },
    bytes: bytes.length + frame_overhead_bytes
  }
}

const tooLarge = `the hub sent a frame of more than ${limits.max_frame_bytes} bytes`

const isTooLarge = (error: Error): boolean => "code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"

const create = (
  { tunnel, url }: SocketOptions,
  line: RequestOptions,
  inbox: Inbox,
  opened: Deferred.Deferred<void, OpenError>
): WebSocket => {
  const ws = new WebSocket(url, {
    maxPayload: limits.max_frame_bytes,
    perMessageDeflate: false,
    autoPong: false,
    ...line
  })
  const closed = (code: number, reason: string): void => {
    Deferred.doneUnsafe(opened, Effect.fail(new OpenError({ reason: reason === "" ? `closed with ${code}` : reason })))
    inbox.put({ event: { _tag: "Closed", code, reason }, bytes: 0 })
  }
  ws.on("open", () => Deferred.doneUnsafe(opened, Effect.void))
  ws.on("close", (code, reason) => closed(code, reason.toString()))
  // Stays for ever: an error without a listener would end the process.
  ws.on(
    "error",
    (error) => isTooLarge(error) ? closed(1009, tooLarge) : closed(1006, reasonOf(error, hubBehind(url, tunnel)))
  )
  // A hub that sends pings and reads nothing would have their answers pile up; that to the last one stands for all.
  ws.on("ping", (data) => ws.bufferedAmount < limits.unsent_pong_bytes ? ws.pong(data) : undefined)
  ws.on("message", (data, isBinary) => inbox.take(ws, frameOf(data, isBinary)))
  return ws
}

/** Closes with 1000, and for good where the other side does not answer that in time. */
const shut = (ws: WebSocket, inbox: Inbox, within_ms: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (ws.readyState === WebSocket.CLOSED) return resume(Effect.void)
    inbox.closing = true
    ws.once("close", () => resume(Effect.void))
    // A paused socket would never see the answer.
    if (ws.isPaused) ws.resume()
    ws.close(1000)
  }).pipe(Effect.timeoutOption(within_ms), Effect.andThen(Effect.sync(() => ws.terminate())))

const noAddress = () => new OpenError({ reason: "hub_url is not a WebSocket address" })

/** Opens a WebSocket with `ws`. */
export const openWebSocket: OpenSocket = Effect.fnUntraced(function*(options) {
  const { open_timeout_ms: within_ms, url } = options
  const line = yield* Effect.tryPromise({
    try: () => requestOptions(url, { ...options, within_ms }),
    catch: noAddress
  })
  const inbox = new Inbox(yield* Queue.unbounded<Arrival>())
  const opened = yield* Deferred.make<void, OpenError>()
  const ws = yield* Effect.acquireRelease(
    Effect.try({
      try: () => create(options, line, inbox, opened),
      catch: noAddress
    }),
    (open) => shut(open, inbox, options.close_timeout_ms)
  )
  yield* Deferred.await(opened)
  return {
    receive: inbox.receive(ws),
    hasUnread: Effect.sync(() => inbox.hasUnread),
    unsentBytes: Effect.sync(() => ws.bufferedAmount),
    send: (text) => Effect.sync(() => ws.send(text)),
    terminate: Effect.sync(() => ws.terminate())
  } satisfies HubSocket
})

/** How a socket is opened: with `ws`, unless a test brings its own. */
export const SocketOpener: Context.Reference<OpenSocket> = Context.Reference<OpenSocket>(
  "agentcom-sidecar/SocketOpener",
  { defaultValue: () => openWebSocket }
)
