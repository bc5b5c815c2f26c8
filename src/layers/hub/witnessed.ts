import * as Effect from "effect/Effect"
import type { Sight } from "../../services/Witness.ts"
import type { HubSocket, SocketEvent } from "./socket.ts"

const sightOf = (event: SocketEvent): ReadonlyArray<Sight> => {
  switch (event._tag) {
    case "Text":
      return [{ _tag: "FrameIn", text: event.text }]
    case "Binary":
      return [{ _tag: "BinaryIn", bytes: event.bytes }]
    case "Closed":
      return []
  }
}

/** The socket, with a witness who sees each frame before anything comes of it. */
export const witnessed = (socket: HubSocket, witness: (sight: Sight) => Effect.Effect<void>): HubSocket => ({
  ...socket,
  receive: Effect.tap(socket.receive, (event) => Effect.forEach(sightOf(event), witness, { discard: true })),
  send: (text) => Effect.andThen(witness({ _tag: "FrameOut", text }), socket.send(text))
})
