import { lookup, type LookupAddress } from "node:dns"
import { isIP, type LookupFunction } from "node:net"
import { limits } from "../limits.ts"
import { endpointOf } from "./address.ts"
import type { Tunnel } from "./proxy.ts"
import { type HubTls, tlsOptions } from "./tls.ts"

/** What node:net and node:tls take, so that each address of a name has time to answer. */
export interface ConnectOptions {
  readonly lookup?: LookupFunction
  readonly autoSelectFamily?: true
  readonly autoSelectFamilyAttemptTimeout?: number
}

type Found = Array<LookupAddress> | Error

const look = (host: string): Promise<Found> =>
  new Promise((resolve) => lookup(host, { all: true }, (error, addresses) => resolve(error ?? addresses)))

/** Gives what was found before; not at once, as node:net expects to be asked and told in turn. */
const telling = (found: Found): LookupFunction => (_, { all }, tell) =>
  queueMicrotask(() => {
    if (found instanceof Error) return tell(found, "")
    return all === true ? tell(null, found) : tell(null, found[0]?.address ?? "", found[0]?.family)
  })

/**
 * How to connect to `host` within `within_ms`. Node.js gives each address of a name 250 ms, which no far hub keeps, and
 * has to be told before it asks for them how long each may take.
 */
export const connectOptions = async (host: string, within_ms: number): Promise<ConnectOptions> => {
  if (isIP(host) !== 0) return {}
  const found = await look(host)
  const count = found instanceof Error ? 1 : Math.max(1, found.length)
  return {
    lookup: telling(found),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.floor(Math.min(limits.connect_attempt_ms, within_ms / count))
  }
}

interface Way {
  readonly tunnel: Tunnel | null
  readonly tls: HubTls
  readonly within_ms: number
}

/** What opens the line to `address`: the tunnel's agent, or else the way straight there. */
export const requestOptions = async (address: string, { tls, tunnel, within_ms }: Way) => ({
  ...tlsOptions(tls),
  ...(tunnel === null ? await connectOptions(endpointOf(new URL(address)).host, within_ms) : { agent: tunnel.agent })
})

export type RequestOptions = Awaited<ReturnType<typeof requestOptions>>
