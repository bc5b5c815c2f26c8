import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lookup } from "node:dns/promises"
import { connect, isIP, type Socket } from "node:net"
import { connect as connectTls, TLSSocket } from "node:tls"
import { limits } from "../limits.ts"
import { type Check, failed, ok, type Subject } from "./Check.ts"

class NetworkError extends Schema.TaggedError<NetworkError>()("NetworkError", {
  code: Schema.String,
  reason: Schema.String
}) {}

const asNetworkError = (cause: unknown): NetworkError => {
  const error: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error(String(cause))
  return new NetworkError({ code: error.code ?? "", reason: error.message === "" ? error.code ?? "" : error.message })
}

/** Where the hub's WebSocket is. */
const hubOf = ({ settings: { hub_url } }: Subject) => {
  const { hostname, port, protocol } = new URL(hub_url)
  const isSecure = protocol === "wss:"
  return {
    host: hostname.replace(/^\[(.*)\]$/, "$1"),
    port: port === "" ? (isSecure ? 443 : 80) : Number(port),
    isSecure
  }
}

export const nameCheck: Check = {
  name: "name",
  run: (subject) => {
    const { host } = hubOf(subject)
    if (isIP(host) !== 0) return Effect.succeed(ok(`${host} is an address`))
    return Effect.tryPromise({ try: () => lookup(host, { all: true }), catch: asNetworkError }).pipe(
      Effect.match({
        onSuccess: (found) => ok(`${host} is ${found.map(({ address }) => address).join(", ")}`),
        onFailure: ({ code, reason }) =>
          failed(
            `${host} has no address: ${reason}`,
            code === "EAI_AGAIN"
              ? "no name server answers: look at this machine's network and DNS"
              : "look whether the host in hub_url is written right, and at this machine's DNS"
          )
      })
    )
  }
}

const remedyOf = ({ code, reason }: NetworkError): string => {
  if (code === "ECONNREFUSED") return "nothing listens there: start the hub, or mend host and port of hub_url"
  if (code === "CERT_HAS_EXPIRED") return "the hub's certificate is too old, or this machine's clock is wrong"
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") return "use the name in hub_url that the certificate is for"
  if (/SELF_SIGNED|UNABLE_TO|ISSUER/.test(code)) return "name the authority of the hub's certificate as tls_ca"
  if (/wrong version number|packet length/i.test(reason)) {
    return "it speaks no TLS: is hub_url rather ws:// than wss://?"
  }
  return "look at the network between here and the hub: firewall, VPN, proxy; and at host and port of hub_url"
}

const connecting = (subject: Subject) =>
  Effect.acquireRelease(
    Effect.sync((): Socket => {
      const { host, isSecure, port } = hubOf(subject)
      const ca = subject.settings.tls_ca
      const name = isIP(host) === 0 ? { servername: host } : {}
      const socket = isSecure
        ? connectTls({ host, port, ...name, ...(ca === null ? {} : { ca }) })
        : connect({ host, port })
      // Stays for ever: an error without a listener would end the process.
      return socket.on("error", () => {})
    }),
    (socket) => Effect.sync(() => socket.destroy())
  )

const certificateOf = (socket: Socket): string =>
  socket instanceof TLSSocket
    ? `, ${socket.getProtocol()}, its certificate is good until ${socket.getPeerCertificate().valid_to}`
    : ""

/** Opens a connection, and closes it again. Succeeds with what is said of its certificate. */
const open = Effect.fnUntraced(
  function*(subject: Subject) {
    const socket = yield* connecting(subject)
    yield* Effect.callback<void, NetworkError>((resume) => {
      socket.on("error", (cause) => resume(Effect.fail(asNetworkError(cause))))
      socket.once(socket instanceof TLSSocket ? "secureConnect" : "connect", () => resume(Effect.void))
    })
    return certificateOf(socket)
  },
  Effect.scoped,
  Effect.timeoutOrElse({
    duration: limits.doctor_answer_ms,
    orElse: () => Effect.fail(asNetworkError(new Error(`no answer within ${limits.doctor_answer_ms} ms`)))
  })
)

export const connectionCheck: Check = {
  name: "connection",
  needs: nameCheck.name,
  run: (subject) => {
    const { host, port } = hubOf(subject)
    return Effect.match(open(subject), {
      onSuccess: (certificate) => ok(`${host} port ${port} takes connections${certificate}`),
      onFailure: (error) => failed(`no connection to ${host} port ${port}: ${error.reason}`, remedyOf(error))
    })
  }
}
