import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { TaskLocation } from "../domain/Message.ts"
import { readMembers } from "../text/jsonScan.ts"
import { hubBehind, type HubTls, reasonOf, type RequestOptions, requestOptions } from "./network.ts"
import { blamed, sentenceOf, type Tunnel, tunnelTo } from "./proxy.ts"

export const lookup_body_bytes = 32 * 1024 * 1024

/** The hub's HTTP API gave no usable answer. `code` is the system's error code if the connection failed, otherwise empty. */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  reason: Schema.String,
  code: Schema.String
}) {}

interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** The hub's clock from its `date` header, in epoch milliseconds; null without one. */
  readonly date: number | null
}

interface HttpRequest {
  readonly api_url: string
  /** Relative to `api_url`, without a leading slash. */
  readonly path: string
  readonly token?: Redacted.Redacted<string>
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly body?: object
  readonly tls: HubTls
  readonly timeout_ms: number
}

const failed = (reason: string, code = "") => new HttpError({ reason, code })

const failure = (cause: unknown, hub: URL | null): HttpError => {
  const { code = "" }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error()
  return failed(reasonOf(cause, hub), code)
}

const optionsOf = ({ body, token }: HttpRequest, connection: RequestOptions) => ({
  agent: false,
  ...connection,
  method: body === undefined ? "GET" : "POST",
  headers: {
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` })
  }
})

const exchange = (url: URL, request: HttpRequest, tunnel: Tunnel | null, connection: RequestOptions) =>
  Effect.callback<HttpAnswer, HttpError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(failure(cause, hubBehind(url.href, tunnel))))
    const asked = (url.protocol === "https:" ? requestHttps : requestHttp)(url, optionsOf(request, connection))
    // Never removed: an error without a listener would end the process.
    asked.on("error", fail)
    asked.on("response", (response) => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      response.on("error", fail)
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > lookup_body_bytes) asked.destroy(new Error("the answer is too large"))
      })
      response.on("end", () => {
        const date = Date.parse(response.headers.date ?? "")
        resume(Effect.succeed({
          status: response.statusCode ?? 0,
          body: Buffer.concat(chunks).toString(),
          date: Number.isNaN(date) ? null : date
        }))
      })
    })
    asked.end(request.body === undefined ? undefined : JSON.stringify(request.body))
    return Effect.sync(() => asked.destroy())
  }).pipe(
    // Node.js throws at an address or a header that it does not take.
    Effect.catchDefect((defect) => Effect.fail(failure(defect, null)))
  )

const send = Effect.fnUntraced(function*(url: URL, request: HttpRequest) {
  const { timeout_ms: within_ms, tls } = request
  const tunnel = yield* Effect.mapError(tunnelTo(url.href, within_ms), (error) => failed(sentenceOf(error)))
  const answer = yield* Effect.promise(() => requestOptions(url.href, { tls, tunnel, within_ms })).pipe(
    Effect.flatMap((connection) => exchange(url, request, tunnel, connection)),
    Effect.timeoutOrElse({
      duration: within_ms,
      orElse: () => Effect.fail(failed(`no answer within ${within_ms} ms`))
    }),
    Effect.mapError(({ code, reason }) => failed(blamed(tunnel, reason), code))
  )
  // The proxy's refusal of a CONNECT looks like an answer of the hub.
  const fault = tunnel?.fault("") ?? null
  return fault === null ? answer : yield* failed(sentenceOf(fault))
}, Effect.scoped)

/** One request to the hub's HTTP API. An answer with any status is a success; no answer in time is an error. */
export const hubRequest = (request: HttpRequest): Effect.Effect<HttpAnswer, HttpError> =>
  Effect.try({
    try: () => new URL(request.path, request.api_url.replace(/\/*$/, "/")),
    catch: () => failed("hub_api_url is not an address")
  }).pipe(Effect.flatMap((url) => send(url, request)))

interface LookUpTools {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly hub_api_url: string
  readonly tls: HubTls
  readonly timeout_ms: number
}

const Task = Schema.Struct({
  status: Schema.String,
  assigned_to: Schema.optionalKey(Schema.NullOr(Schema.String))
})
const decodeTask = Schema.decodeUnknownEffect(Task)
const decodeError = Schema.decodeUnknownEffect(Schema.Struct({ error: Schema.String }))

const over: ReadonlySet<string> = new Set(["completed", "failed", "dead_letter", "cancelled"])
const held: ReadonlySet<string> = new Set(["assigned", "working"])

const locationOf = ({ assigned_to, status }: typeof Task.Type, agent_id: string): TaskLocation => {
  if (status === "queued") return "queued"
  if (over.has(status)) return "elsewhere"
  if (!held.has(status) || assigned_to == null) return "unknown"
  return assigned_to === agent_id ? "ours" : "elsewhere"
}

/** Where a task is according to the hub's HTTP API. Fails if the hub does not say so in time. */
export const lookUpTask = Effect.fnUntraced(function*(task_id: string, tools: LookUpTools) {
  const { hub_api_url: api_url, timeout_ms, tls, token } = tools
  const path = `api/tasks/${encodeURIComponent(task_id)}`
  const { body, status } = yield* hubRequest({ api_url, path, token, tls, timeout_ms })
  const odd = () => failed(`HTTP ${status} with a body that is not about a task`)
  if (status !== 404 && status !== 200) return yield* failed(`HTTP ${status}`)
  const { members } = readMembers(body, ["status", "assigned_to", "error"])
  // Only a 404 of the hub itself, which has an error in JSON, says that there is no such task.
  if (status === 404) {
    return yield* decodeError(members).pipe(Effect.mapError(odd), Effect.as<TaskLocation>("elsewhere"))
  }
  return locationOf(yield* Effect.mapError(decodeTask(members), odd), tools.agent_id)
})
