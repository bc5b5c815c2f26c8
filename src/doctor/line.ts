import * as Effect from "effect/Effect"
import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { Socket } from "node:net"
import { TLSSocket } from "node:tls"
import { requestOptions } from "../hub/connect.ts"
import { isWithoutTls } from "../hub/failure.ts"
import { type Tunnel, tunnelTo } from "../hub/proxy.ts"
import { limits } from "../limits.ts"
import { type Check, failed, ok, type Outcome, type Subject } from "./Check.ts"
import { asNetworkError, connectionCheck, hubOf, inTime, type NetworkError } from "./network.ts"

/**
 * Opens the line to the hub as a request does, through the proxy where there is one, and hands it over before anything is
 * asked there; it is closed afterwards. Succeeds with what `look` says of it.
 */
const open = Effect.fnUntraced(function*<A>(
  subject: Subject,
  tunnel: Tunnel | null,
  isSecure: boolean,
  look: (socket: Socket, done: (outcome: Effect.Effect<A, NetworkError>) => void) => void
) {
  const { settings: tls } = subject
  const way = { tls, tunnel, within_ms: limits.doctor_answer_ms }
  const line = yield* Effect.promise(() => requestOptions(tls.hub_url, way))
  return yield* Effect.callback<A, NetworkError>((resume) => {
    const { host, port } = hubOf(subject)
    const options = { host, port, agent: false, ...line }
    const asked = isSecure ? requestHttps(options) : requestHttp(options)
    const done = (outcome: Effect.Effect<A, NetworkError>) => {
      resume(outcome)
      asked.destroy()
    }
    // Stays for ever: an error without a listener would end the process.
    asked.on("error", (cause) => resume(Effect.fail(asNetworkError(cause))))
    asked.on("socket", (socket) => look(socket, done))
    return Effect.sync(() => asked.destroy())
  })
}, inTime)

/** What the proxy has to do with a failure, or what else is to be said of it. */
const orBlame = (tunnel: Tunnel | null, error: NetworkError, otherwise: (error: NetworkError) => Outcome): Outcome => {
  const fault = tunnel?.fault(error.reason) ?? null
  return fault === null ? otherwise(error) : failed(fault.found, fault.remedy)
}

/** A check of the line by the way that the environment wants. */
const byTheWay =
  (check: (subject: Subject, tunnel: Tunnel | null) => Effect.Effect<Outcome>): Check["run"] => (subject) =>
    tunnelTo(subject.settings.hub_url, limits.doctor_answer_ms).pipe(
      Effect.flatMap((tunnel) => check(subject, tunnel)),
      Effect.scoped,
      Effect.catchTag("ProxyError", ({ found, remedy }) => Effect.succeed(failed(found, remedy)))
    )

export const proxyCheck: Check = {
  name: "proxy",
  needs: connectionCheck.name,
  run: byTheWay((subject, tunnel) => {
    if (tunnel === null) return Effect.succeed(ok("the hub is reached without one"))
    const { host, port } = hubOf(subject)
    const connected = ok(`${tunnel.shown} connects to ${host}:${port}`)
    // The socket of a refusal is one from which that is read.
    return open<Outcome>(subject, tunnel, false, (_, done) => done(Effect.succeed(connected))).pipe(
      Effect.map((outcome) => {
        const fault = tunnel.fault("")
        return fault === null ? outcome : failed(fault.found, fault.remedy)
      }),
      Effect.catchTag(
        "NetworkError",
        (error) => Effect.succeed(orBlame(tunnel, error, ({ reason }) => failed(reason, "look at the proxy's own log")))
      )
    )
  })
}

const remedyOf = ({ code, reason }: NetworkError): string => {
  if (code === "CERT_HAS_EXPIRED") return "the hub's certificate is too old, or this machine's clock is wrong"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "use the name in hub_url that the certificate is for"
  if (/SELF_SIGNED|UNABLE_TO|ISSUER/.test(code)) return "name the authority of the hub's certificate as tls_ca"
  if (isWithoutTls(reason)) return "is hub_url rather ws:// than wss://?"
  if (/alert/i.test(reason)) {
    return "the hub refuses: does it want a certificate of this machine (tls_cert and tls_key)?"
  }
  return "look at what is between here and the hub, and at host and port of hub_url"
}

const lookAtTls = (socket: Socket, done: (outcome: Effect.Effect<string, NetworkError>) => void): void => {
  // That of a proxy which refuses, and is to blame.
  if (!(socket instanceof TLSSocket)) return done(Effect.fail(asNetworkError(new Error("no TLS"))))
  socket.once("secureConnect", () => {
    const { valid_to } = socket.getPeerCertificate()
    done(Effect.succeed(`${socket.getProtocol()}, the hub's certificate is good until ${valid_to}`))
  })
}

export const tlsCheck: Check = {
  name: "tls",
  needs: proxyCheck.name,
  run: byTheWay((subject, tunnel) =>
    hubOf(subject).isSecure
      ? Effect.match(open(subject, tunnel, true, lookAtTls), {
        onSuccess: ok,
        onFailure: (error) =>
          orBlame(tunnel, error, () => failed(`no TLS with the hub: ${error.reason}`, remedyOf(error)))
      })
      : Effect.succeed(ok("hub_url is ws://, which has none"))
  )
}
