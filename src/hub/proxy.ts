import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import type { Agent } from "node:http"

/** What is wrong with a proxy and how to fix it. Neither text contains the proxy's user or password. */
export interface Fault {
  readonly found: string
  readonly remedy: string
}

/** The environment names a proxy by something that is not the address of one. */
export class ProxyError extends Schema.TaggedError<ProxyError>()("ProxyError", {
  found: Schema.String,
  remedy: Schema.String
}) {}

/** The way through a proxy to one address, for one attempt. Closing its scope ends a CONNECT that has no answer yet. */
export interface Tunnel {
  readonly host: string
  readonly port: number
  /** The proxy's address without user and password. */
  readonly shown: string
  /** The environment variable that names the proxy. */
  readonly variable: string
  /** Opens the connections of a request by CONNECT. */
  readonly agent: Agent
  /** The proxy's part in a failure with that `reason`; null once the proxy has connected. */
  readonly fault: (reason: string) => Fault | null
}

const namesProxy = (environment: Readonly<Record<string, string | undefined>>): boolean =>
  Object.entries(environment).some(([name, value]) =>
    /^(?:https?|all)_proxy$/i.test(name) && value !== undefined && value !== ""
  )

/**
 * The tunnel to the host of a ws, wss, http or https address, to be open within `within_ms`. Null if the environment wants
 * no proxy for it. The proxy libraries are only loaded if the environment names a proxy at all.
 */
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
