import * as Data from "effect/Data"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type * as Scope from "effect/Scope"
import { WebSocket } from "ws"
import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"
import { patience_ms } from "../../support/patience.ts"

/** A plain WebSocket that keeps the frames it gets, in order. */
export interface Client {
  readonly send: (data: string | Uint8Array) => Effect.Effect<void>
  readonly sendJson: (frame: object) => Effect.Effect<void>
  readonly identify: (
    agentId: string,
    token: string,
    capabilities?: ReadonlyArray<string>,
    status?: string
  ) => Effect.Effect<void>
  /** The next frame. Fails if none comes. */
  readonly take: Effect.Effect<JsonObject, Mishap>
  /** All frames that the hub has sent before now. */
  readonly drain: Effect.Effect<ReadonlyArray<JsonObject>, Mishap>
  /** Waits until the hub has read all frames that were sent before now. */
  readonly arrived: Effect.Effect<void, Mishap>
  readonly close: (code: number) => Effect.Effect<void>
  readonly terminate: Effect.Effect<void>
  readonly isOpen: () => boolean
  /** The code and reason with which the socket ended. */
  readonly closed: Effect.Effect<{ readonly code: number; readonly reason: string }, Mishap>
}

/** Something that the hub should have done did not happen. */
export class Mishap extends Data.TaggedError("Mishap")<{ readonly message: string; readonly cause?: unknown }> {}

const within = <A>(what: string, effect: Effect.Effect<A, Mishap>): Effect.Effect<A, Mishap> =>
  effect.pipe(
    Effect.timeoutOrElse({
      duration: patience_ms,
      orElse: () => Effect.fail(new Mishap({ message: `no ${what} in time` }))
    })
  )

/** Connects. The socket is closed with the scope. */
export const connect = (url: string): Effect.Effect<Client, Mishap, Scope.Scope> =>
  Effect.gen(function*() {
    const inbox = yield* Queue.unbounded<JsonObject>()
    const closed = yield* Deferred.make<{ readonly code: number; readonly reason: string }>()
    const socket = yield* Effect.acquireRelease(
      Effect.sync(() => new WebSocket(url, { perMessageDeflate: false })),
      (ws) => Effect.sync(() => ws.terminate())
    )
    socket.on("message", (data) => {
      const frame: unknown = JSON.parse(String(data))
      Queue.offerUnsafe(inbox, isJsonObject(frame) ? frame : { raw: frame })
    })
    socket.on("close", (code, reason) => {
      Deferred.doneUnsafe(closed, Effect.succeed({ code, reason: reason.toString() }))
    })
    const opened = Effect.callback<void, Mishap>((resume) => {
      socket.once("open", () => resume(Effect.void))
      socket.on("error", (cause) => resume(Effect.fail(new Mishap({ message: "no connection", cause }))))
    })
    yield* within("connection", opened)

    const send = (data: string | Uint8Array): Effect.Effect<void> =>
      Effect.callback<void>((resume) => socket.send(data, () => resume(Effect.void)))
    const sendJson = (frame: object): Effect.Effect<void> => send(JSON.stringify(frame))
    // The pong to a WebSocket ping comes after all frames that the hub has sent, and is not a frame of the protocol.
    const fence = Effect.callback<void>((resume) => {
      socket.once("pong", () => resume(Effect.void))
      socket.ping()
    })
    const arrived = Effect.suspend(() =>
      socket.readyState === WebSocket.OPEN
        ? within("pong", Effect.raceFirst(fence, Effect.asVoid(Deferred.await(closed))))
        : Effect.void
    )
    return {
      send,
      sendJson,
      identify: (agent_id, token, capabilities = [agent_id], status = "idle") =>
        sendJson({
          type: "identify",
          agent_id,
          token,
          name: agent_id,
          status,
          capabilities,
          client_type: "sidecar",
          protocol_version: 1
        }),
      take: within("frame", Queue.take(inbox)),
      drain: Effect.andThen(arrived, Queue.clear(inbox)),
      arrived,
      close: (code) => Effect.sync(() => socket.close(code)),
      terminate: Effect.sync(() => socket.terminate()),
      isOpen: () => socket.readyState === WebSocket.OPEN,
      closed: within("close", Deferred.await(closed))
    }
  })
