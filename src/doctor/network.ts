import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lookup } from "node:dns/promises"
import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { connect, isIP, type Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { connectOptions, endpointOf, isWithoutTls, reasonOf, requestOptions } from "../hub/network.ts"
import { type Tunnel, tunnelTo } from "../hub/proxy.ts"
import { type Check, doctor_answer_ms, failed, ok, type Outcome, type Subject } from "./Check.ts"

class NetworkError extends Schema.TaggedError<NetworkError>()("NetworkError", {
  code: Schema.String,
  reason: Schema.String
}) {}

const asNetworkError = (cause: unknown): NetworkError => {
  const { code = "" }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error()
  return new NetworkError({ code, reason: reasonOf(cause) })
}

const inTime = Effect.timeoutOrElse({
  duration: doctor_answer_ms,
  orElse: () => Effect.fail(asNetworkError(new Error(`no answer within ${doctor_answer_ms} ms`)))
})

const hubOf = ({ settings: { hub_url } }: Subject) => endpointOf(new URL(hub_url))

/** A check that knows the proxy which the environment names for the hub; null without one. */
const withProxy =
  (check: (subject: Subject, tunnel: Tunnel | null) => Effect.Effect<Outcome>): Check["run"] => (subject) =>
    tunnelTo(subject.settings.hub_url, doctor_answer_ms).pipe(
      Effect.flatMap((tunnel) => check(subject, tunnel)),
      Effect.scoped,
      Effect.catchTag("ProxyError", ({ found, remedy }) => Effect.succeed(failed(found, remedy)))
    )

interface Endpoint {
  readonly host: string
  readonly port: number
  readonly who: string
  /** The setting or variable that holds its address. */
  readonly named: string
}

/** The host that this machine itself connects to: the hub, or the proxy before it. */
const firstHop = (subject: Subject, tunnel: Tunnel | null): Endpoint =>
  tunnel === null
    ? { ...hubOf(subject), who: "hub", named: "hub_url" }
    : { host: tunnel.host, port: tunnel.port, who: "proxy", named: tunnel.variable }

const resolve = ({ host, named, who }: Endpoint): Effect.Effect<Outcome> => {
  if (isIP(host) !== 0) return Effect.succeed(ok(`${host} is an address, that of the ${who}`))
  return Effect.tryPromise({ try: () => lookup(host, { all: true }), catch: asNetworkError }).pipe(
    Effect.match({
      onSuccess: (found) => ok(`${host}, the ${who}, is ${found.map(({ address }) => address).join(", ")}`),
      onFailure: ({ code, reason }) =>
        failed(
          `${host} has no address: ${reason}`,
          code === "EAI_AGAIN"
            ? "no name server answers: look at this machine's network and DNS"
            : `check the spelling of the host in ${named}, and this machine's DNS`
        )
    })
  )
}

export const nameCheck: Check = {
  name: "name",
  run: withProxy((subject, tunnel) => resolve(firstHop(subject, tunnel)))
}

/** Opens a connection, and closes it again. */
const touch = Effect.fnUntraced(function*({ host, port }: Endpoint) {
  const options = yield* Effect.promise(() => connectOptions(host, doctor_answer_ms))
  return yield* Effect.callback<void, NetworkError>((resume) => {
    const socket = connect({ host, port, ...options })
    // Never removed: an error without a listener would end the process.
    socket.on("error", (cause) => resume(Effect.fail(asNetworkError(cause))))
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.void)
    })
    return Effect.sync(() => socket.destroy())
  })
}, inTime)

const connectionRemedy = (code: string, { named, who }: Endpoint): string =>
  code === "ECONNREFUSED"
    ? `nothing listens there: start the ${who}, or fix host and port of ${named}`
    : `look at the network between here and the ${who}: firewall, VPN, proxy; and at host and port of ${named}`

export const connectionCheck: Check = {
  name: "connection",
  needs: nameCheck.name,
  run: withProxy((subject, tunnel) => {
    const endpoint = firstHop(subject, tunnel)
    const where = `${endpoint.host} port ${endpoint.port}`
    return Effect.match(touch(endpoint), {
      onSuccess: () => ok(`${where} takes connections, as the ${endpoint.who}`),
      onFailure: ({ code, reason }) => failed(`no connection to ${where}: ${reason}`, connectionRemedy(code, endpoint))
    })
  })
}

/**
 * Opens a connection to the hub as a request does, through the proxy if there is one, and closes it before anything is sent.
 * The result is what `look` reports about the socket.
 */
const open = Effect.fnUntraced(function*<A>(
  subject: Subject,
  tunnel: Tunnel | null,
  isSecure: boolean,
  look: (socket: Socket, done: (outcome: Effect.Effect<A, NetworkError>) => void) => void
) {
  const { settings: tls } = subject
  const route = { tls, tunnel, within_ms: doctor_answer_ms }
  const connection = yield* Effect.promise(() => requestOptions(tls.hub_url, route))
  return yield* Effect.callback<A, NetworkError>((resume) => {
    const { host, port } = hubOf(subject)
    const options = { host, port, agent: false, ...connection }
    const asked = isSecure ? requestHttps(options) : requestHttp(options)
    const done = (outcome: Effect.Effect<A, NetworkError>) => {
      resume(outcome)
      asked.destroy()
    }
    // Never removed: an error without a listener would end the process.
    asked.on("error", (cause) => resume(Effect.fail(asNetworkError(cause))))
    asked.on("socket", (socket) => look(socket, done))
    return Effect.sync(() => asked.destroy())
  })
}, inTime)

/** The proxy's part in a failure, or `otherwise` if it has none. */
const orBlame = (tunnel: Tunnel | null, reason: string, otherwise: Outcome): Outcome => {
  const fault = tunnel?.fault(reason) ?? null
  return fault === null ? otherwise : failed(fault.found, fault.remedy)
}

export const proxyCheck: Check = {
  name: "proxy",
  needs: connectionCheck.name,
  run: withProxy((subject, tunnel) => {
    if (tunnel === null) return Effect.succeed(ok("the hub is reached without one"))
    const { host, port } = hubOf(subject)
    const connected = ok(`${tunnel.shown} connects to ${host}:${port}`)
    return Effect.match(open<Outcome>(subject, tunnel, false, (_, done) => done(Effect.succeed(connected))), {
      // A refusal of the proxy also comes with a socket, from which the answer is read.
      onSuccess: (outcome) => orBlame(tunnel, "", outcome),
      onFailure: ({ reason }) => orBlame(tunnel, reason, failed(reason, "look at the proxy's own log"))
    })
  })
}

const tlsRemedy = ({ code, reason }: NetworkError): string => {
  if (code === "CERT_HAS_EXPIRED") return "renew the hub's certificate, or set this machine's clock"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "use the name in hub_url that the certificate is for"
  if (/SELF_SIGNED|UNABLE_TO|ISSUER/.test(code)) return "name the authority of the hub's certificate as tls_ca"
  if (isWithoutTls(reason)) return "is hub_url rather ws:// than wss://?"
  if (/alert/i.test(reason)) {
    return "the hub refuses: does it want a certificate of this machine (tls_cert and tls_key)?"
  }
  return "look at the network between here and the hub, and at host and port of hub_url"
}

const lookAtTls = (socket: Socket, done: (outcome: Effect.Effect<string, NetworkError>) => void): void => {
  // The plain socket of a proxy that refuses; `orBlame` then reports the proxy.
  if (!(socket instanceof TLSSocket)) return done(Effect.fail(asNetworkError(new Error("no TLS"))))
  socket.once("secureConnect", () => {
    const { valid_to } = socket.getPeerCertificate()
    done(Effect.succeed(`${socket.getProtocol()}, the hub's certificate is good until ${valid_to}`))
  })
}

export const tlsCheck: Check = {
  name: "tls",
  needs: proxyCheck.name,
  run: withProxy((subject, tunnel) =>
    hubOf(subject).isSecure
      ? Effect.match(open(subject, tunnel, true, lookAtTls), {
        onSuccess: ok,
        onFailure: (error) =>
          orBlame(tunnel, error.reason, failed(`no TLS with the hub: ${error.reason}`, tlsRemedy(error)))
      })
      : Effect.succeed(ok("hub_url is ws://, which has none"))
  )
}
