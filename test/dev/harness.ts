import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as DevHub from "../../src/dev/DevHub.ts"
import { emptyDurable, type Hub, start } from "../../src/dev/hub.ts"
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

/** Calls the hub's API. Returns the status and the decoded body; undefined for none. */
export const call = (hub: DevHub.DevHub, method: string, path: string, token?: string, body?: object | string) =>
  Effect.promise(async () => {
    const response = await fetch(`${hub.httpUrl}${path}`, {
      method,
      ...(token === undefined ? {} : { headers: { authorization: `Bearer ${token}` } }),
      ...(body === undefined ? {} : { body: typeof body === "string" ? body : JSON.stringify(body) })
    })
    const text = await response.text()
    const json: unknown = text === "" ? undefined : JSON.parse(text)
    return [response.status, json] as const
  })

/** The records of a hub that never ran, without sockets. They begin at 0 ms. */
export const records = (): Hub => {
  let last = 0
  return start(emptyDurable(), { count: () => ++last, makeId: () => String(++last), messageCostMs: 0 }, 0)
}

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
