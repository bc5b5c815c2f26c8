import type { Tunnel } from "./proxy.ts"

/** OpenSSL's line; what it says of its code, function and source file means nothing to a reader. */
const opensslLine = /error:[0-9a-f]+:[^:]*:[^:]*:([^:]+)/i

/** What OpenSSL calls an answer that is no TLS. */
const noTls = /wrong version number|packet length too long|record layer failure/i

/** Whether the other side answered with something else than TLS. */
export const isWithoutTls = (reason: string): boolean => reason.includes(withoutTls)

const withoutTls = "does not speak TLS"

/** What Node.js says where the other side hangs up before it has said anything of TLS. */
const hungUp = /before secure TLS connection was established/

/** How a TLS alert begins, which is what the HTTP parser gets from a port that speaks TLS. */
const tlsAlert = Buffer.from([0x15, 0x03])

const isAlert = (cause: Error): boolean =>
  "rawPacket" in cause && Buffer.isBuffer(cause.rawPacket) && cause.rawPacket.subarray(0, 2).equals(tlsAlert)

/** The other kind of each address. */
const counterpart: Readonly<Record<string, string>> = {
  "wss:": "ws:",
  "ws:": "wss:",
  "https:": "http:",
  "http:": "https:"
}

const mismatch = (what: string, hub: URL | null, advice = "use"): string =>
  hub === null
    ? `it ${what}`
    : `the hub at ${hub.host} ${what}; ${advice} ${counterpart[hub.protocol]}// rather than ${hub.protocol}//`

/** Why a connection failed, in one sentence. `hub` is whom it was with; null where that may be somebody before it. */
export const reasonOf = (cause: unknown, hub: URL | null = null): string => {
  // A name with several addresses, each of which has failed; the whole has no message.
  if (cause instanceof AggregateError) return [...new Set(cause.errors.map((each) => reasonOf(each, hub)))].join("; ")
  const error: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause))
  if (isAlert(error)) return mismatch("speaks TLS", hub)
  const said = opensslLine.exec(error.message)?.[1]
  if (said !== undefined) return noTls.test(said) ? mismatch(withoutTls, hub) : `TLS failed: ${said}`
  if (hungUp.test(error.message)) {
    return mismatch("ends the connection before TLS begins", hub, "if it has none, use")
  }
  return error.message === "" ? String(error.code) : error.message
}

/** The hub, where a failure on the way to it is its own; null while a proxy may be to blame. */
export const hubBehind = (address: string, tunnel: Tunnel | null): URL | null =>
  tunnel === null || tunnel.fault("") === null ? new URL(address) : null
