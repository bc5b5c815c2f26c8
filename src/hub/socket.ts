import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import { type RawData, WebSocket } from "ws"
import { hubBehind, type HubTls, reasonOf, type RequestOptions, requestOptions } from "./network.ts"
import type { Tunnel } from "./proxy.ts"

export const max_frame_bytes = 17 * 1024 * 1024 // the hub's limit is 16 MiB
const unsent_pong_bytes = 64 * 1024 // while more waits to be sent, pings are not answered
const inbox_high_water_bytes = 1024 * 1024
const inbox_burst_bytes = 4 * 1024 * 1024 // of frames at once
const inbox_bytes_a_ms = 4 * 1024 // of frames over a longer time: 4 MiB/s

/** The connection could not be opened. */
export class OpenError extends Schema.TaggedError<OpenError>()("OpenError", { reason: Schema.String }) {}

/** What a socket receives: its frames, and after the last one why it closed. */
export type SocketEvent =
  | { readonly _tag: "Text"; readonly text: string }
  | { readonly _tag: "Binary"; readonly bytes: number }
  | { readonly _tag: "Closed"; readonly code: number; readonly reason: string }

/** An open socket. Closing its scope closes it with 1000, and terminates it if the other side does not answer in time. */
export interface HubSocket {
  readonly receive: Effect.Effect<SocketEvent>
  /** Whether something has arrived that was not received yet. */
  readonly hasUnread: Effect.Effect<boolean>
  /** Bytes that the network has not taken yet. */
  readonly unsentBytes: Effect.Effect<number>
  readonly send: (text: string) => Effect.Effect<void>
  /** Ends the connection without waiting for the other side. */
  readonly terminate: Effect.Effect<void>
}

interface SocketOptions {
  readonly url: string
  readonly tls: HubTls
  readonly tunnel: Tunnel | null
  /** All addresses of the host share this time. */
  readonly open_timeout_ms: number
  readonly close_timeout_ms: number
}

export type OpenSocket = (options: SocketOptions) => Effect.Effect<HubSocket, OpenError, Scope.Scope>

interface Arrival {
  readonly event: SocketEvent
  readonly bytes: number
}

/** Counted for each frame in addition to its text, so that empty frames cannot pile up without limit. */
const frame_overhead_bytes = 512

/** The frames between the network and their reader, bounded in bytes. Above the limit it pauses the network. */
class Inbox {
  readonly #arrivals: Queue.Queue<Arrival>
  #unread_bytes = 0
  /** What may be read now; it grows with time. */
  #allowed_bytes: number = inbox_burst_bytes
  #counted_at = 0
  closing = false

  constructor(arrivals: Queue.Queue<Arrival>) {
    this.#arrivals = arrivals
  }

  get hasUnread(): boolean {
    return this.#unread_bytes > 0
  }

  put(event: SocketEvent, bytes: number): void {
    this.#unread_bytes += bytes
    Queue.offerUnsafe(this.#arrivals, { event, bytes })
  }

  /** Takes a frame from the network. */
  take(ws: WebSocket, data: RawData, isBinary: boolean): void {
    if (this.closing) return
    const bytes = bytesOf(data)
    const event: SocketEvent = isBinary
      ? { _tag: "Binary", bytes: bytes.length }
      : { _tag: "Text", text: bytes.toString() }
    this.put(event, bytes.length + frame_overhead_bytes)
    if (this.#unread_bytes >= inbox_high_water_bytes) ws.pause()
  }

  /** The next event. Resumes the network once half of the room is free. */
  receive(ws: WebSocket): Effect.Effect<SocketEvent> {
    return Effect.map(Effect.andThen(this.#pace, Queue.take(this.#arrivals)), ({ bytes, event }) => {
      this.#unread_bytes -= bytes
      this.#allowed_bytes -= bytes
      if (ws.isPaused && this.#unread_bytes < inbox_high_water_bytes / 2) ws.resume()
      return event
    })
  }

  /** Slows down a flood, which would cost a processor and 200 MB that V8 gives back late. No hub has that much to say. */
  readonly #pace: Effect.Effect<void> = Effect.flatMap(Clock.currentTimeMillis, (now) => {
    const grown = this.#allowed_bytes + Math.max(0, now - this.#counted_at) * inbox_bytes_a_ms
    this.#allowed_bytes = Math.min(inbox_burst_bytes, grown)
    this.#counted_at = now
    return this.#allowed_bytes < 0 ? Effect.sleep(-this.#allowed_bytes / inbox_bytes_a_ms) : Effect.void
  })
}

/** The bytes of one WebSocket message. */
export const bytesOf = (data: RawData): Buffer => {
  if (Buffer.isBuffer(data)) return data
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data)
}

const tooLarge = `the hub sent a frame of more than ${max_frame_bytes} bytes`

const isTooLarge = (error: Error): boolean => "code" in error && error.code === "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH"

const create = (
  { tunnel, url }: SocketOptions,
  connection: RequestOptions,
  inbox: Inbox,
  opened: Deferred.Deferred<void, OpenError>
): WebSocket => {
  const ws = new WebSocket(url, {
    maxPayload: max_frame_bytes,
    perMessageDeflate: false,
    autoPong: false,
    ...connection
  })
  const closed = (code: number, reason: string): void => {
    Deferred.doneUnsafe(opened, Effect.fail(new OpenError({ reason: reason === "" ? `closed with ${code}` : reason })))
    inbox.put({ _tag: "Closed", code, reason }, 0)
  }
  ws.on("open", () => Deferred.doneUnsafe(opened, Effect.void))
  ws.on("close", (code, reason) => closed(code, reason.toString()))
  // Never removed: an error without a listener would end the process.
  ws.on(
    "error",
    (error) => isTooLarge(error) ? closed(1009, tooLarge) : closed(1006, reasonOf(error, hubBehind(url, tunnel)))
  )
  // Pongs to a hub that sends pings and reads nothing would pile up. One pong answers all pings before it.
  ws.on("ping", (data) => ws.bufferedAmount < unsent_pong_bytes ? ws.pong(data) : undefined)
  ws.on("message", (data, isBinary) => inbox.take(ws, data, isBinary))
  return ws
}

/** Closes with 1000, and terminates if the other side does not answer within `within_ms`. */
const shut = (ws: WebSocket, inbox: Inbox, within_ms: number): Effect.Effect<void> =>
  Effect.callback<void>((resume) => {
    if (ws.readyState === WebSocket.CLOSED) return resume(Effect.void)
    inbox.closing = true
    ws.once("close", () => resume(Effect.void))
    // A paused socket would never see the answer.
    if (ws.isPaused) ws.resume()
    ws.close(1000)
  }).pipe(Effect.timeoutOption(within_ms), Effect.andThen(Effect.sync(() => ws.terminate())))

const notAnAddress = () => new OpenError({ reason: "hub_url is not a WebSocket address" })

/** Opens a WebSocket with the library `ws`. */
export const openWebSocket: OpenSocket = Effect.fnUntraced(function*(options) {
  const { close_timeout_ms, open_timeout_ms: within_ms, tls, tunnel, url } = options
  const connection = yield* Effect.tryPromise({
    try: () => requestOptions(url, { tls, tunnel, within_ms }),
    catch: notAnAddress
  })
  const inbox = new Inbox(yield* Queue.unbounded<Arrival>())
  const opened = yield* Deferred.make<void, OpenError>()
  const ws = yield* Effect.acquireRelease(
    Effect.try({ try: () => create(options, connection, inbox, opened), catch: notAnAddress }),
    (open) => shut(open, inbox, close_timeout_ms)
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

/** How a socket is opened. Tests replace it. */
export const SocketOpener: Context.Reference<OpenSocket> = Context.Reference<OpenSocket>(
  "agentcom-sidecar/SocketOpener",
  { defaultValue: () => openWebSocket }
)
