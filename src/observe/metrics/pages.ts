import * as Effect from "effect/Effect"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import { isLoopback } from "../../hub/address.ts"
import type { Status } from "../control/protocol.ts"
import type { Health } from "./health.ts"

export interface Page {
  readonly status: number
  readonly type: string
  readonly body: string
}

/** What is asked for: the path without its query, and the `host` header. */
export interface Asked {
  readonly path: string
  readonly host: string
}

export interface Sources {
  readonly status: Effect.Effect<Status>
  readonly health: Effect.Effect<Health>
  /** Brings the metrics up to date. */
  readonly refresh: Effect.Effect<void>
  /** Whether what names tasks may be shown to whoever reaches us. */
  readonly is_local: boolean
}

const json = (status: number, body: object): Page => ({
  status,
  type: "application/json; charset=utf-8",
  body: `${JSON.stringify(body)}\n`
})

const text = (body: string, type = "text/plain; charset=utf-8", status = 200): Page => ({ status, type, body })

/** A page in a browser that has a name of its own lead here would ask by that name. */
const isLocalName = (host: string): boolean => {
  const { hostname = "" } = URL.parse(`http://${host}`) ?? {}
  return isLoopback(hostname)
}

const notHere = text("/metrics, /healthz and /status are here\n", undefined, 404)

const notShown = json(403, { error: "it names tasks, so it is shown only at a loopback address of this machine" })

/** The answer to a GET. */
export const pageAt = ({ health, is_local, refresh, status }: Sources, { host, path }: Asked): Effect.Effect<Page> => {
  switch (path) {
    case "/metrics":
      return Effect.andThen(
        refresh,
        Effect.map(PrometheusMetrics.format(), (body) => text(body, "text/plain; version=0.0.4; charset=utf-8"))
      )
    case "/healthz":
      return Effect.map(health, (found) => json(found.healthy ? 200 : 503, found))
    case "/status":
      return is_local && isLocalName(host)
        ? Effect.map(status, (said) => json(200, { running: true, ...said }))
        : Effect.succeed(notShown)
    default:
      return Effect.succeed(notHere)
  }
}
