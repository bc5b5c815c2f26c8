import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { HttpsProxyAgent } from "https-proxy-agent"
import { type ClientRequest, STATUS_CODES } from "node:http"
import { checkServerIdentity } from "node:tls"
import { getProxyForUrl } from "proxy-from-env"
import { endpointOf } from "./address.ts"
import { connectOptions } from "./connect.ts"
import { type Fault, ProxyError, type Tunnel } from "./proxy.ts"

/** Who is to be reached; the address of a WebSocket counts as that of the HTTP below it. */
const targetOf = (address: string) => {
  const url = new URL(address.replace(/^ws/i, "http"))
  const { host, isSecure, port } = endpointOf(url)
  // Brackets as NO_PROXY has them.
  return { url, host, named: url.hostname, port, isSecure }
}
type Target = ReturnType<typeof targetOf>

interface Named {
  /** The variable that names the proxy, and what it says. */
  readonly variable: string
  readonly value: string
}

/** Where the library has found the proxy; it gives one said without a scheme that of the target. */
const namedIn = (environment: NodeJS.ProcessEnv, isSecure: boolean): Named => {
  const names = [isSecure ? "https_proxy" : "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()])
  const variable = names.find((name) => (environment[name] ?? "") !== "") ?? ""
  return { variable, value: environment[variable] ?? "" }
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a lone % in a password means itself
  }
}

/**
 * The proxy's address, its user and password apart, so that no part of the library can show them. One said without a scheme
 * is spoken to in plain HTTP, as by every other program.
 */
const proxyAt = ({ value, variable }: Named) => {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const kind = url === null ? "what is no address" : `a ${url.protocol}// address`
    return Effect.fail(
      new ProxyError({
        found: `the environment names ${kind} as the proxy`,
        remedy: `let ${variable} be an http:// or https:// address, or name the hub's host in NO_PROXY`
      })
    )
  }
  const user = `${decoded(url.username)}:${decoded(url.password)}`
  url.username = url.password = ""
  return Effect.succeed({
    variable,
    address: url,
    headers: user === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(user).toString("base64")}` }
  })
}

/** A proxy may say back what it was told, and the library quotes it. */
const withoutQuotation = (reason: string): string => reason.replace(/:? ?".*/s, "")

/** What the answer to CONNECT says; a proxy's own words for it are not shown. */
const refusal = (status: number, shown: string, { named, port }: Target, variable: string): Fault => {
  const said = Number.isInteger(status) ? `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd() : "no HTTP"
  const found = `the proxy ${shown} does not connect to ${named}:${port}: ${said}`
  if (status === 407) {
    return { found, remedy: `put the user and password that it wants into ${variable}: http://USER:PASSWORD@HOST:PORT` }
  }
  return status >= 400 && status < 500
    ? { found, remedy: `let it allow CONNECT to ${named}:${port}, or go around it by NO_PROXY=${named}` }
    : { found, remedy: `it does not reach the hub: look at hub_url, at the proxy's own log, or set NO_PROXY=${named}` }
}

/** The library would compare the certificate of an address without a name with that of the proxy. */
class HubAgent extends HttpsProxyAgent<string> {
  private readonly target: Target
  private readonly within_ms: number

  constructor(
    proxy: URL,
    target: Target,
    within_ms: number,
    options: ConstructorParameters<typeof HttpsProxyAgent<string>>[1]
  ) {
    super(proxy, options)
    this.target = target
    this.within_ms = within_ms
  }

  override async connect(
    request: ClientRequest,
    options: Parameters<HttpsProxyAgent<string>["connect"]>[1]
  ): ReturnType<HttpsProxyAgent<string>["connect"]> {
    Object.assign(this.connectOpts, await connectOptions(endpointOf(this.proxy).host, this.within_ms))
    return super.connect(
      request,
      options.secureEndpoint
        ? { ...options, checkServerIdentity: (_, certificate) => checkServerIdentity(this.target.host, certificate) }
        : options
    )
  }
}

const makeTunnel = (
  target: Target,
  within_ms: number,
  { address, headers, variable }: Effect.Success<ReturnType<typeof proxyAt>>
) => {
  const abort = new AbortController()
  const { named, port } = target
  const agent = new HubAgent(address, target, within_ms, { headers, signal: abort.signal })
  const shown = address.origin
  let status: number | undefined
  agent.on("proxyConnect", (answer: { readonly statusCode: number }) => {
    status = answer.statusCode
  })
  const fault = (reason: string): Fault | null => {
    if (status === 200) return null
    if (status !== undefined) return refusal(status, shown, target, variable)
    return {
      found: `the proxy ${shown} gives no connection to ${named}:${port}: ${withoutQuotation(reason)}`,
      remedy: `look whether it runs and whether ${variable} names it rightly, or go around it by NO_PROXY=${named}`
    }
  }
  const tunnel: Tunnel = {
    ...endpointOf(address),
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
export const openTunnel = Effect.fnUntraced(function*(address: string, within_ms: number) {
  const target = targetOf(address)
  if (getProxyForUrl(target.url.href) === "") return null
  const proxy = yield* proxyAt(namedIn(process.env, target.isSecure))
  const { tunnel } = yield* Effect.acquireRelease(
    Effect.sync(() => makeTunnel(target, within_ms, proxy)),
    ({ giveUp }) => Effect.sync(giveUp)
  )
  return tunnel
}) satisfies (address: string, within_ms: number) => Effect.Effect<Tunnel | null, ProxyError, Scope.Scope>
