import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as DevHub from "../../../src/dev/DevHub.ts"
import { isJsonObject, type JsonObject } from "../../../src/dev/json.ts"
import { type Client, connect, Mishap } from "./client.ts"
import { type Bindings, makeBindings } from "./match.ts"
import { type Action, expand, type Script } from "./script.ts"

const OPERATOR = "operator"
/** So slow that only `moveTo` moves the hub's time, however slow the machine is. */
export const STANDING = 1e-9

/** A hub with the sockets of one recorded session. */
export interface Stage {
  readonly hub: DevHub.DevHub
  readonly ids: Bindings
  readonly sockets: Map<string, Client>
  /** The agent that each socket was for. */
  readonly agentOf: Map<string, string>
  /** When the session began, in virtual epoch ms. */
  readonly start: number
  readonly open: (name: string) => Effect.Effect<Client, Mishap, Scope.Scope>
  readonly socket: (name: string) => Effect.Effect<Client, Mishap>
  /** Ends a socket from its own side and waits until the hub has noticed. */
  readonly end: (name: string, code: number) => Effect.Effect<void, Mishap | DevHub.HubWaitTimeout>
  /** Moves the hub's time to so many seconds after the start of the session. */
  readonly moveTo: (seconds: number) => Effect.Effect<void, Mishap>
  readonly call: (
    method: string,
    path: string,
    how?: { readonly body?: unknown; readonly token?: string | undefined }
  ) => Effect.Effect<{ readonly status: number; readonly body: JsonObject }, Mishap>
  readonly perform: (action: Action) => Effect.Effect<
    { readonly status: number; readonly body: JsonObject } | undefined,
    Mishap | DevHub.HubWaitTimeout,
    Scope.Scope
  >
}

/** The token of nobody. */
export const NO_TOKEN = "nobody"

export const tokenOf = (agentId: string): string => `token of ${agentId}`

/** Starts the hub of a session between the agents named. */
export const make = (script: Script, agents: ReadonlyArray<string>): Effect.Effect<
  Stage,
  DevHub.PortError,
  Scope.Scope
> =>
  Effect.gen(function*() {
    const joining = script.actions.flatMap(({ identify }) => identify ?? [])
    const everybody = new Set([OPERATOR, ...agents, ...script.absent ?? [], ...joining])
    const hub = yield* DevHub.make({
      registerTokens: Object.fromEntries([...everybody].map((agentId) => [agentId, tokenOf(agentId)])),
      timeScale: STANDING,
      ...script.hub
    })
    const start = hub.now()
    const ids = makeBindings()
    const sockets = new Map<string, Client>()
    const agentOf = new Map<string, string>()

    const open: Stage["open"] = (name) =>
      Effect.tap(connect(hub.url), (client) => Effect.sync(() => sockets.set(name, client)))

    const socket: Stage["socket"] = (name) =>
      Effect.suspend(() => {
        const client = sockets.get(name)
        return client === undefined ? Effect.fail(new Mishap({ message: `no socket ${name}` })) : Effect.succeed(client)
      })

    const end: Stage["end"] = (name, code) =>
      Effect.gen(function*() {
        const client = yield* socket(name)
        const before = hub.connections()
        yield* code === 1006 ? client.terminate : client.close(code)
        yield* hub.waitFor((h) => h.connections() < before)
      })

    const call: Stage["call"] = (method, path, how = {}) =>
      Effect.tryPromise({
        try: async () => {
          const response = await fetch(`${hub.httpUrl}${path}`, {
            method,
            headers: { authorization: `Bearer ${tokenOf(how.token ?? OPERATOR)}` },
            ...(how.body === undefined ? {} : { body: JSON.stringify(how.body) })
          })
          const text = await response.text()
          const body: unknown = text === "" ? {} : JSON.parse(text)
          return { status: response.status, body: isJsonObject(body) ? body : {} }
        },
        catch: (cause) => new Mishap({ message: `${method} ${path}`, cause })
      })

    const post = (path: string, { as, body, token }: Action) =>
      Effect.tap(
        call("POST", ids.translateText(path), {
          body: ids.translate(expand(body, hub.now())),
          ...(token === undefined ? {} : { token })
        }),
        (response) => {
          const id = response.body["task_id"]
          return as === undefined
            ? Effect.void
            : typeof id === "string"
            ? Effect.sync(() => ids.bind(as, id))
            : Effect.fail(new Mishap({ message: `no task for ${as}: ${JSON.stringify(response)}` }))
        }
      )

    const say = (name: string, action: Action) =>
      Effect.gen(function*() {
        const client = yield* socket(name)
        const data = action.binary === undefined
          ? JSON.stringify(ids.translate(expand(action.send, hub.now())))
          : new TextEncoder().encode(action.binary)
        for (let time = 0; time < (action.times ?? 1); time++) yield* client.send(data)
      })

    const joinAs = (agentId: string, { capabilities, name = agentId, status }: Action) =>
      Effect.gen(function*() {
        agentOf.set(name, agentId)
        const client = yield* open(name)
        yield* client.identify(agentId, tokenOf(agentId), capabilities, status)
        const { type } = yield* client.take
        if (type !== "identified") return yield* new Mishap({ message: `${agentId} is not identified` })
      })

    const restart = Effect.gen(function*() {
      yield* hub.restart
      sockets.clear()
    })

    const perform: Stage["perform"] = (action) =>
      Effect.gen(function*() {
        if (action.post !== undefined) return yield* post(action.post, action)
        if (action.socket !== undefined) yield* say(action.socket, action)
        if (action.identify !== undefined) yield* joinAs(action.identify, action)
        if (action.end !== undefined) yield* end(action.end, 1000)
        if (action.forget !== undefined) yield* (yield* socket(action.forget)).drain
        if (action.restart === true) yield* restart
        return undefined
      })

    return {
      hub,
      ids,
      sockets,
      agentOf,
      start,
      open,
      socket,
      end,
      call,
      perform,
      moveTo: (seconds) =>
        Effect.gen(function*() {
          for (const client of sockets.values()) yield* client.arrived
          yield* hub.advance(Math.max(0, start + seconds * 1000 - hub.now()))
        })
    }
  })
