import * as Effect from "effect/Effect"
import type { ActorEvent } from "../services/Observer.ts"
import type { HubSocket, SocketEvent } from "./socket.ts"

const eventOf = (event: SocketEvent): ReadonlyArray<ActorEvent> => {
  switch (event._tag) {
    case "Text":
      return [{ _tag: "FrameIn", text: event.text }]
    case "Binary":
      return [{ _tag: "BinaryIn", bytes: event.bytes }]
    case "Closed":
      return []
  }
}

/** The socket, with an observer who sees each frame before anything comes of it. */
export const observed = (socket: HubSocket, observe: (event: ActorEvent) => Effect.Effect<void>): HubSocket => ({
  ...socket,
  receive: Effect.tap(socket.receive, (event) => Effect.forEach(eventOf(event), observe, { discard: true })),
  send: (text) => Effect.andThen(observe({ _tag: "FrameOut", text }), socket.send(text))
})
