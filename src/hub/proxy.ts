import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Agent } from "node:http"

/** What is wrong, and what to do about it; neither quotes the user or the password of a proxy. */
export interface Fault {
  readonly found: string
  readonly remedy: string
}

/** The environment names a proxy that cannot be one. */
export class ProxyError extends Schema.TaggedError<ProxyError>()("ProxyError", {
  found: Schema.String,
  remedy: Schema.String
}) {}

/** The way to one address through a proxy, for one attempt. Closing its scope ends a CONNECT that is not answered yet. */
export interface Tunnel {
  readonly host: string
  readonly port: number
  /** The proxy's address without user and password. */
  readonly shown: string
  /** The environment variable that is to name it. */
  readonly variable: string
  /** Opens the connections of a request by CONNECT. */
  readonly agent: Agent
  /** What the proxy has to do with a failure of that `reason`; null where it has done its part. */
  readonly fault: (reason: string) => Fault | null
}

/** Whether there is any variable that names a proxy; if not, nothing that knows of proxies has to be loaded. */
const namesProxy = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  Object.entries(environment).some(([name, value]) =>
    /^(?:https?|all)_proxy$/i.test(name) && value !== undefined && value !== ""
  )

/** The tunnel to the host of a ws, wss, http or https address, which has so long to be there; null where the environment wants no proxy for it. */
export const tunnelTo = (address: string, within_ms: number): Effect.Effect<Tunnel | null, ProxyError, Scope.Scope> =>
  namesProxy(process.env)
    ? Effect.flatMap(Effect.promise(() => import("./tunnel.ts")), ({ openTunnel }) => openTunnel(address, within_ms))
    : Effect.succeed(null)

/** A failure as one sentence, with the proxy's part in it. */
export const blamed = (tunnel: Tunnel | null, reason: string): string => {
  const fault = tunnel?.fault(reason) ?? null
  return fault === null ? reason : sentenceOf(fault)
}

export const sentenceOf = ({ found, remedy }: Fault): string => `${found}; ${remedy}`
