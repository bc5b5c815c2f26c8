import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { HttpsProxyAgent } from "https-proxy-agent"
import { type ClientRequest, STATUS_CODES } from "node:http"
import { checkServerIdentity } from "node:tls"
import { getProxyForUrl } from "proxy-from-env"
import { type Fault, ProxyError, type Tunnel } from "./proxy.ts"

/** Who is to be reached; the address of a WebSocket counts as that of the HTTP below it. */
const targetOf = (address: string) => {
  const url = new URL(address.replace(/^ws/i, "http"))
  const isSecure = url.protocol === "https:"
  return {
    url,
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: url.port === "" ? (isSecure ? 443 : 80) : Number(url.port),
    variable: isSecure ? "HTTPS_PROXY" : "HTTP_PROXY"
  }
}
type Target = ReturnType<typeof targetOf>

/** One said without a scheme is spoken to in plain HTTP, as by every other program; the library gives it the target's. */
const withScheme = (found: string, environment: NodeJS.ProcessEnv): string => {
  const bare = found.replace(/^https:\/\//, "")
  const isSaidSo = Object.entries(environment).some(([name, value]) => /_proxy$/i.test(name) && value === bare)
  return isSaidSo && bare !== found ? `http://${bare}` : found
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a lone % in a password means itself
  }
}

/** The proxy's address, its user and password apart, so that no part of the library can show them. */
const proxyAt = (found: string, { variable }: Target) => {
  const url = URL.parse(found)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const kind = url === null ? "what is no address" : `a ${url.protocol}// address`
    return Effect.fail(
      new ProxyError({
        found: `the environment names ${kind} as the proxy`,
        remedy: `let ${variable} (or ALL_PROXY) be an http:// or https:// address, or name the hub's host in NO_PROXY`
      })
    )
  }
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = url.password = ""
  return Effect.succeed({
    address: url,
    headers: user === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(user).toString("base64")}` }
  })
}

/** A proxy may say back what it was told, and the library quotes it. */
const withoutQuotation = (reason: string): string => reason.replace(/:? ?".*/s, "")

/** What the answer to CONNECT says; a proxy's own words for it are not shown. */
const refusal = (status: number, shown: string, { host, port, variable }: Target): Fault => {
  const said = Number.isInteger(status) ? `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd() : "no HTTP"
  const found = `the proxy ${shown} does not connect to ${host}:${port}: ${said}`
  if (status === 407) {
    return { found, remedy: `put the user and password that it wants into ${variable}: http://USER:PASSWORD@HOST:PORT` }
  }
  return status >= 400 && status < 500
    ? { found, remedy: `let it allow CONNECT to ${host}:${port}, or go around it by NO_PROXY=${host}` }
    : { found, remedy: `it does not reach the hub: look at hub_url, at the proxy's own log, or set NO_PROXY=${host}` }
}

/** The library would compare the certificate of an address without a name with that of the proxy. */
class HubAgent extends HttpsProxyAgent<string> {
  private readonly host: string

  constructor(proxy: URL, host: string, options: ConstructorParameters<typeof HttpsProxyAgent<string>>[1]) {
    super(proxy, options)
    this.host = host
  }

  override connect(
    request: ClientRequest,
    options: Parameters<HttpsProxyAgent<string>["connect"]>[1]
  ): ReturnType<HttpsProxyAgent<string>["connect"]> {
    return super.connect(
      request,
      options.secureEndpoint
        ? { ...options, checkServerIdentity: (_, certificate) => checkServerIdentity(this.host, certificate) }
        : options
    )
  }
}

const makeTunnel = (target: Target, { address, headers }: Effect.Success<ReturnType<typeof proxyAt>>) => {
  const abort = new AbortController()
  const { host, port, variable } = target
  const agent = new HubAgent(address, host, { headers, signal: abort.signal })
  const shown = address.origin
  let status: number | undefined
  agent.on("proxyConnect", (answer: { readonly statusCode: number }) => {
    status = answer.statusCode
  })
  const fault = (reason: string): Fault | null => {
    if (status === 200) return null
    if (status !== undefined) return refusal(status, shown, target)
    return {
      found: `the proxy ${shown} gives no connection to ${host}:${port}: ${withoutQuotation(reason)}`,
      remedy: `look whether it runs and whether ${variable} names it rightly, or go around it by NO_PROXY=${host}`
    }
  }
  const tunnel: Tunnel = {
    host: address.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: address.port === "" ? (address.protocol === "https:" ? 443 : 80) : Number(address.port),
    shown,
    variable,
    agent,
    fault
  }
  // An answered one belongs to its request, which ends it.
  const giveUp = () => status === undefined && abort.abort()
  return { tunnel, giveUp }
}

/** The way to an address that the environment wants a proxy for, by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY. */
export const openTunnel = Effect.fnUntraced(function*(address: string) {
  const target = targetOf(address)
  const found = getProxyForUrl(target.url.href)
  if (found === "") return null
  const proxy = yield* proxyAt(withScheme(found, process.env), target)
  const { tunnel } = yield* Effect.acquireRelease(
    Effect.sync(() => makeTunnel(target, proxy)),
    ({ giveUp }) => Effect.sync(giveUp)
  )
  return tunnel
}) satisfies (address: string) => Effect.Effect<Tunnel | null, ProxyError, Scope.Scope>
