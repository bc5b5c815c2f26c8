import * as Redacted from "effect/Redacted"
import { lookup, type LookupAddress } from "node:dns"
import { isIP, type LookupFunction } from "node:net"
import type { Tunnel } from "./proxy.ts"

export const connect_attempt_ms = 2_500 // for each address of a name, or an equal share of the whole time if that is less

const secure: ReadonlySet<string> = new Set(["https:", "wss:"])

/** Host and port of an address, as node:net takes them: an IPv6 host has no brackets. */
export const endpointOf = ({ hostname, port, protocol }: URL) => {
  const isSecure = secure.has(protocol)
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    isSecure
  }
}

/** Whether a host, as `URL.hostname` has it, is this machine itself. */
export const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host)

/** An address as logs may show it: without user, password and query. */
export const shownAddress = (address: string): string => {
  const { host, pathname, protocol } = new URL(address)
  return `${protocol}//${host}${pathname}`
}

/** The hub's addresses over which token and tasks leave this machine as plain text, as logs may show them. */
export const unencrypted = ({ hub_api_url, hub_url }: { readonly hub_url: string; readonly hub_api_url: string }) =>
  [hub_url, hub_api_url].filter((address) => {
    const { hostname, protocol } = new URL(address)
    return !secure.has(protocol) && !isLoopback(hostname)
  }).map(shownAddress)

/** The remedy for an unencrypted address. */
export const encryptionRemedy = "use wss:// (and https://), or reach the hub by a tunnel that ends on this machine"

/** The TLS part of the configuration, as PEM text. */
export interface HubTls {
  /** The authorities to trust instead of the system's. */
  readonly tls_ca: string | null
  /** The client certificate of this machine and its key: both or neither. */
  readonly tls_cert: string | null
  readonly tls_key: Redacted.Redacted<string> | null
}

interface ConnectOptions {
  readonly lookup?: LookupFunction
  readonly autoSelectFamily?: true
  readonly autoSelectFamilyAttemptTimeout?: number
}

type Found = Array<LookupAddress> | Error

const resolveHost = (host: string): Promise<Found> =>
  new Promise((resolve) => lookup(host, { all: true }, (error, addresses) => resolve(error ?? addresses)))

/** A lookup function with a known result. It answers in a microtask, as node:net does not expect a synchronous callback. */
const lookupOf = (found: Found): LookupFunction => (_, { all }, callback) =>
  queueMicrotask(() => {
    if (found instanceof Error) return callback(found, "")
    return all === true ? callback(null, found) : callback(null, found[0]?.address ?? "", found[0]?.family)
  })

/**
 * The options of node:net and node:tls for a connection to `host` within `within_ms`. By default Node.js tries each address
 * of a name for 250 ms only, which is too short for a distant hub. The number of addresses has to be known to set this time.
 */
export const connectOptions = async (host: string, within_ms: number): Promise<ConnectOptions> => {
  if (isIP(host) !== 0) return {}
  const found = await resolveHost(host)
  const count = found instanceof Error ? 1 : Math.max(1, found.length)
  return {
    lookup: lookupOf(found),
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: Math.floor(Math.min(connect_attempt_ms, within_ms / count))
  }
}

interface Route {
  readonly tunnel: Tunnel | null
  readonly tls: HubTls
  readonly within_ms: number
}

/** The options of node:http for a connection to `address`: TLS, and either the tunnel's agent or a direct connection. */
export const requestOptions = async (address: string, { tls, tunnel, within_ms }: Route) => ({
  ...(tls.tls_ca === null ? {} : { ca: tls.tls_ca }),
  ...(tls.tls_cert === null || tls.tls_key === null ? {} : { cert: tls.tls_cert, key: Redacted.value(tls.tls_key) }),
  ...(tunnel === null ? await connectOptions(endpointOf(new URL(address)).host, within_ms) : { agent: tunnel.agent })
})

export type RequestOptions = Awaited<ReturnType<typeof requestOptions>>

/** An OpenSSL error: code, library, function and reason. Only the reason helps a reader. */
const opensslReason = /error:[0-9a-f]+:[^:]*:[^:]*:([^:]+)/i

/** The OpenSSL reasons for an answer that is not TLS. */
const notTls = /wrong version number|packet length too long|record layer failure/i

const withoutTls = "does not speak TLS"

/** Whether a reason of `reasonOf` means that the other side does not speak TLS. */
export const isWithoutTls = (reason: string): boolean => reason.includes(withoutTls)

/** Node.js says this when the other side closes the connection before the TLS handshake. */
const closedBeforeTls = /before secure TLS connection was established/

/** The first bytes of a TLS alert: the HTTP parser of Node.js fails at it when a port that speaks TLS is asked in plain HTTP. */
const tlsAlert = Buffer.from([0x15, 0x03])

const isAlert = (cause: Error): boolean =>
  "rawPacket" in cause && Buffer.isBuffer(cause.rawPacket) && cause.rawPacket.subarray(0, 2).equals(tlsAlert)

const otherProtocol: Readonly<Record<string, string>> = {
  "wss:": "ws:",
  "ws:": "wss:",
  "https:": "http:",
  "http:": "https:"
}

const mismatch = (what: string, hub: URL | null, advice = "use"): string =>
  hub === null
    ? `it ${what}`
    : `the hub at ${hub.host} ${what}; ${advice} ${otherProtocol[hub.protocol]}// rather than ${hub.protocol}//`

/** Why a connection failed, in one sentence. `hub` is the address of the hub, or null if a proxy may have failed instead. */
export const reasonOf = (cause: unknown, hub: URL | null = null): string => {
  // Node.js tried several addresses: the aggregate has no message of its own.
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map((each) => reasonOf(each, hub)))].join("; ")
  const error: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause))
  if (isAlert(error)) return mismatch("speaks TLS", hub)
  const openssl = opensslReason.exec(error.message)?.[1]
  if (openssl !== undefined) return notTls.test(openssl) ? mismatch(withoutTls, hub) : `TLS failed: ${openssl}`
  if (closedBeforeTls.test(error.message)) {
    return mismatch("ends the connection before TLS begins", hub, "if it has none, use")
  }
  return error.message === "" ? String(error.code) : error.message
}

/** The hub's address for `reasonOf`: null while the proxy has not connected yet. */
export const hubBehind = (address: string, tunnel: Tunnel | null): URL | null =>
  tunnel === null || tunnel.fault("") === null ? new URL(address) : null
