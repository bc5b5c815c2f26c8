import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { lookup } from "node:dns/promises"
import { connect, isIP } from "node:net"
import { endpointOf } from "../hub/address.ts"
import { connectOptions } from "../hub/connect.ts"
import { reasonOf } from "../hub/failure.ts"
import { type Tunnel, tunnelTo } from "../hub/proxy.ts"
import { limits } from "../limits.ts"
import { type Check, failed, ok, type Subject } from "./Check.ts"

export class NetworkError extends Schema.TaggedError<NetworkError>()("NetworkError", {
  code: Schema.String,
  reason: Schema.String
}) {}

export const asNetworkError = (cause: unknown): NetworkError => {
  const { code = "" }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error()
  return new NetworkError({ code, reason: reasonOf(cause) })
}

/** Gives up on the network after `doctor_answer_ms`. */
export const inTime = Effect.timeoutOrElse({
  duration: limits.doctor_answer_ms,
  orElse: () => Effect.fail(asNetworkError(new Error(`no answer within ${limits.doctor_answer_ms} ms`)))
})

/** Where the hub's WebSocket is. */
export const hubOf = ({ settings: { hub_url } }: Subject) => endpointOf(new URL(hub_url))

interface Endpoint {
  readonly host: string
  readonly port: number
  readonly who: string
  /** Where its address is written down. */
  readonly named: string
}

/** Whom this machine itself connects to: the hub, or the proxy before it. */
const firstHop = (subject: Subject, tunnel: Tunnel | null): Endpoint =>
  tunnel === null
    ? { ...hubOf(subject), who: "hub", named: "hub_url" }
    : { host: tunnel.host, port: tunnel.port, who: "proxy", named: tunnel.variable }

/** A check of whom this machine itself connects to. */
const ofEndpoint = (check: (endpoint: Endpoint) => ReturnType<Check["run"]>): Check["run"] => (subject) =>
  tunnelTo(subject.settings.hub_url, limits.doctor_answer_ms).pipe(
    Effect.scoped,
    Effect.matchEffect({
      onSuccess: (tunnel) => check(firstHop(subject, tunnel)),
      onFailure: ({ found, remedy }) => Effect.succeed(failed(found, remedy))
    })
  )

const resolve = ({ host, named, who }: Endpoint) => {
  if (isIP(host) !== 0) return Effect.succeed(ok(`${host} is an address, that of the ${who}`))
  return Effect.tryPromise({ try: () => lookup(host, { all: true }), catch: asNetworkError }).pipe(
    Effect.match({
      onSuccess: (found) => ok(`${host}, the ${who}, is ${found.map(({ address }) => address).join(", ")}`),
      onFailure: ({ code, reason }) =>
        failed(
          `${host} has no address: ${reason}`,
          code === "EAI_AGAIN"
            ? "no name server answers: look at this machine's network and DNS"
            : `look whether the host in ${named} is written right, and at this machine's DNS`
        )
    })
  )
}

export const nameCheck: Check = { name: "name", run: ofEndpoint(resolve) }

const remedyOf = (code: string, { named, who }: Endpoint): string =>
  code === "ECONNREFUSED"
    ? `nothing listens there: start the ${who}, or mend host and port of ${named}`
    : `look at the network between here and the ${who}: firewall, VPN, proxy; and at host and port of ${named}`

/** Opens a connection, and closes it again. */
const touch = Effect.fnUntraced(function*({ host, port }: Endpoint) {
  const options = yield* Effect.promise(() => connectOptions(host, limits.doctor_answer_ms))
  return yield* Effect.callback<void, NetworkError>((resume) => {
    const socket = connect({ host, port, ...options })
    // Stays for ever: an error without a listener would end the process.
    socket.on("error", (cause) => resume(Effect.fail(asNetworkError(cause))))
    socket.once("connect", () => {
      socket.destroy()
      resume(Effect.void)
    })
    return Effect.sync(() => socket.destroy())
  })
}, inTime)

export const connectionCheck: Check = {
  name: "connection",
  needs: nameCheck.name,
  run: ofEndpoint((endpoint) => {
    const where = `${endpoint.host} port ${endpoint.port}`
    return Effect.match(touch(endpoint), {
      onSuccess: () => ok(`${where} takes connections, as the ${endpoint.who}`),
      onFailure: ({ code, reason }) => failed(`no connection to ${where}: ${reason}`, remedyOf(code, endpoint))
    })
  })
}
