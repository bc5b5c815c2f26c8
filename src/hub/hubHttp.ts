import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import { limits } from "../limits.ts"
import { type RequestOptions, requestOptions } from "./connect.ts"
import { hubBehind, reasonOf } from "./failure.ts"
import { blamed, sentenceOf, type Tunnel, tunnelTo } from "./proxy.ts"
import type { HubTls } from "./tls.ts"

/** The hub's HTTP interface gave no usable answer; `code` is the system's where the connection failed, or empty. */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  reason: Schema.String,
  code: Schema.String
}) {}

export interface HttpAnswer {
  readonly status: number
  readonly body: string
  /** The hub's clock as its `date` header tells it, in epoch milliseconds; null where it tells none. */
  readonly date: number | null
}

export interface HttpRequest {
  readonly api_url: string
  /** Relative to `api_url`, without a slash before it. */
  readonly path: string
  readonly token?: Redacted.Redacted<string>
  /** What is posted as JSON; a request without it is a GET. */
  readonly body?: object
  readonly tls: HubTls
  readonly timeout_ms: number
}

const failure = (cause: unknown, hub: URL | null): HttpError => {
  const { code = "" }: NodeJS.ErrnoException = cause instanceof Error ? cause : new Error()
  return new HttpError({ reason: reasonOf(cause, hub), code })
}

const optionsOf = ({ body, token }: HttpRequest, line: RequestOptions) => ({
  agent: false,
  ...line,
  method: body === undefined ? "GET" : "POST",
  headers: {
    accept: "application/json",
    ...(body === undefined ? {} : { "content-type": "application/json" }),
    ...(token === undefined ? {} : { authorization: `Bearer ${Redacted.value(token)}` })
  }
})

const exchange = (url: URL, request: HttpRequest, tunnel: Tunnel | null, line: RequestOptions) =>
  Effect.callback<HttpAnswer, HttpError>((resume) => {
    const fail = (cause: unknown) => resume(Effect.fail(failure(cause, hubBehind(url.href, tunnel))))
    const asked = (url.protocol === "https:" ? requestHttps : requestHttp)(url, optionsOf(request, line))
    // Stays for ever: an error without a listener would end the process.
    asked.on("error", fail)
    asked.on("response", (response) => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      response.on("error", fail)
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > limits.lookup_body_bytes) asked.destroy(new Error("the answer is too large"))
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
    // Node throws at an address or a header that it does not take.
    Effect.catchDefect((defect) => Effect.fail(failure(defect, null)))
  )

const send = (url: URL, request: HttpRequest, tunnel: Tunnel | null) =>
  Effect.flatMap(
    Effect.promise(() => requestOptions(url.href, { ...request, tunnel, within_ms: request.timeout_ms })),
    (line) => exchange(url, request, tunnel, line)
  )

/** A refusal of the proxy looks like an answer of the hub, and its failures like those of the line. */
const sendThrough = Effect.fnUntraced(function*(url: URL, request: HttpRequest) {
  const tunnel = yield* tunnelTo(url.href, request.timeout_ms).pipe(
    Effect.mapError((error) => new HttpError({ reason: sentenceOf(error), code: "" }))
  )
  const answer = yield* send(url, request, tunnel).pipe(
    Effect.timeoutOrElse({
      duration: request.timeout_ms,
      orElse: () => Effect.fail(new HttpError({ reason: `no answer within ${request.timeout_ms} ms`, code: "" }))
    }),
    Effect.mapError(({ code, reason }) => new HttpError({ reason: blamed(tunnel, reason), code }))
  )
  const fault = tunnel?.fault("") ?? null
  return fault === null ? answer : yield* new HttpError({ reason: sentenceOf(fault), code: "" })
})

/** One request to the hub's HTTP interface. Fails where there is no answer in time; a status of any kind is an answer. */
export const hubRequest = (request: HttpRequest): Effect.Effect<HttpAnswer, HttpError> =>
  Effect.try({
    try: () => new URL(request.path, request.api_url.replace(/\/*$/, "/")),
    catch: () => new HttpError({ reason: "hub_api_url is not an address", code: "" })
  }).pipe(
    Effect.flatMap((url) => sendThrough(url, request)),
    Effect.scoped
  )
