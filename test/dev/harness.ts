import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as DevHub from "../../src/dev/DevHub.ts"
import type { JsonObject } from "../../src/dev/json.ts"
import { type Client, connect, type Mishap } from "./conformance/client.ts"

/** A hub that knows the agents a, b and c; their tokens are "token a" … */
export const hubWith = (options: DevHub.DevHubOptions = {}) =>
  DevHub.make({ registerTokens: { a: "token a", b: "token b", c: "token c" }, ...options })

/** An identified agent. Its `identified` frame is already taken. */
export const join = (
  hub: DevHub.DevHub,
  agentId: string,
  capabilities: ReadonlyArray<string> = []
): Effect.Effect<Client, Mishap, Scope.Scope> =>
  Effect.gen(function*() {
    const client = yield* connect(hub.url)
    yield* client.identify(agentId, `token ${agentId}`, capabilities)
    yield* client.take
    return client
  })

/** The next frame of one of the types, whatever else comes before it. */
export const next = (client: Client, ...types: ReadonlyArray<string>): Effect.Effect<JsonObject, Mishap> =>
  Effect.filterOrElse(
    client.take,
    (frame) => types.includes(String(frame["type"])),
    () => next(client, ...types)
  )

/** Sends a frame and returns the next one, which is its answer. */
export const ask = (client: Client, frame: object): Effect.Effect<JsonObject, Mishap> =>
  Effect.andThen(client.sendJson(frame), client.take)

/** The types of all frames so far. */
export const typesSoFar = (client: Client) => Effect.map(client.drain, (frames) => frames.map((frame) => frame["type"]))
