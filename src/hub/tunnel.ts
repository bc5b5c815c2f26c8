import * as Effect from "effect/Effect"
import { HttpsProxyAgent } from "https-proxy-agent"
import { type ClientRequest, STATUS_CODES } from "node:http"
import { checkServerIdentity } from "node:tls"
import { getProxyForUrl } from "proxy-from-env"
import { connectOptions, endpointOf } from "./network.ts"
import { type Fault, ProxyError, type Tunnel } from "./proxy.ts"

/** Whom to reach. The proxy variables know only HTTP, so a WebSocket counts as the HTTP request that opens it. */
const targetOf = (address: string) => {
  const url = new URL(address.replace(/^ws/i, "http"))
  // `named` has the brackets of IPv6, as NO_PROXY has them.
  return { ...endpointOf(url), url, named: url.hostname }
}
type Target = ReturnType<typeof targetOf>

/** The variable that names the proxy. The library tells only the address, with the target's scheme where it has none. */
const variableFor = (isSecure: boolean, environment: NodeJS.ProcessEnv): string => {
  const names = [isSecure ? "https_proxy" : "http_proxy", "all_proxy"].flatMap((name) => [name, name.toUpperCase()])
  return names.find((name) => (environment[name] ?? "") !== "") ?? ""
}

const decoded = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // a % in a password that does not begin an escape
  }
}

/**
 * The proxy's address, with user and password taken out so that the library cannot show them. An address without a scheme
 * means plain HTTP, as in other programs.
 */
const proxyIn = (variable: string, value: string) => {
  const url = URL.parse(value.includes("://") ? value : `http://${value}`)
  if (url === null || (url.protocol !== "http:" && url.protocol !== "https:")) {
    const kind = url === null ? "something that is not an address" : `a ${url.protocol}// address`
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
    url,
    headers: user === ":" ? {} : { "Proxy-Authorization": `Basic ${Buffer.from(user).toString("base64")}` }
  })
}
type Proxy = Effect.Success<ReturnType<typeof proxyIn>>

/** The library quotes the proxy's answer, which may repeat the password. */
const withoutQuotation = (reason: string): string => reason.replace(/:? ?".*/s, "")

/** What the status of a refused CONNECT means. The proxy's own text is not shown. */
const refusal = (status: number, shown: string, { named, port }: Target, variable: string): Fault => {
  const answer = Number.isInteger(status) ? `HTTP ${status} ${STATUS_CODES[status] ?? ""}`.trimEnd() : "no HTTP"
  const found = `the proxy ${shown} does not connect to ${named}:${port}: ${answer}`
  if (status === 407) {
    return { found, remedy: `put the user and password that it wants into ${variable}: http://USER:PASSWORD@HOST:PORT` }
  }
  return status >= 400 && status < 500
    ? { found, remedy: `let it allow CONNECT to ${named}:${port}, or go around it by NO_PROXY=${named}` }
    : { found, remedy: `it does not reach the hub: look at hub_url, at the proxy's own log, or set NO_PROXY=${named}` }
}

type Library = typeof HttpsProxyAgent<string>
type Connect = InstanceType<Library>["connect"]

class HubAgent extends HttpsProxyAgent<string> {
  readonly #hub_host: string
  readonly #within_ms: number

  constructor(proxy: URL, hub_host: string, within_ms: number, options: ConstructorParameters<Library>[1]) {
    super(proxy, options)
    this.#hub_host = hub_host
    this.#within_ms = within_ms
  }

  override async connect(request: ClientRequest, options: Parameters<Connect>[1]): ReturnType<Connect> {
    Object.assign(this.connectOpts, await connectOptions(endpointOf(this.proxy).host, this.#within_ms))
    if (!options.secureEndpoint) return super.connect(request, options)
    // If the hub is an IP address, the library would compare its certificate with the name of the proxy.
    const checkHub = (_: string, certificate: Parameters<typeof checkServerIdentity>[1]) =>
      checkServerIdentity(this.#hub_host, certificate)
    return super.connect(request, { ...options, checkServerIdentity: checkHub })
  }
}

const makeTunnel = (target: Target, within_ms: number, { headers, url, variable }: Proxy) => {
  const abort = new AbortController()
  const { host, named, port } = target
  const agent = new HubAgent(url, host, within_ms, { headers, signal: abort.signal })
  const shown = url.origin
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
  const tunnel: Tunnel = { ...endpointOf(url), shown, variable, agent, fault }
  // Once CONNECT has an answer, the connection belongs to its request, which ends it.
  const giveUp = () => status === undefined && abort.abort()
  return { tunnel, giveUp }
}

/** The tunnel to an address by HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY; null if they want no proxy for it. */
export const openTunnel = Effect.fnUntraced(function*(address: string, within_ms: number) {
  const target = targetOf(address)
  if (getProxyForUrl(target.url.href) === "") return null
  const variable = variableFor(target.isSecure, process.env)
  const proxy = yield* proxyIn(variable, process.env[variable] ?? "")
  const { tunnel } = yield* Effect.acquireRelease(
    Effect.sync(() => makeTunnel(target, within_ms, proxy)),
    ({ giveUp }) => Effect.sync(giveUp)
  )
  return tunnel
})
