import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { TaskLocation } from "../domain/Message.ts"
import { encodeJson } from "../text/json.ts"
import { readMembers } from "../text/jsonScan.ts"
import { hubBehind, type HubTls, reasonOf, type RequestOptions, requestOptions } from "./network.ts"
import { blamed, sentenceOf, type Tunnel, tunnelTo } from "./proxy.ts"

export const lookup_body_bytes = 32 * 1024 * 1024

/**
 * The hub's HTTP API gave no usable answer. `code` is the system's error code if the connection failed, otherwise empty.
 * `reached`: the hub may have got the request.
 */
export class HttpError extends Schema.TaggedError<HttpError>()("HttpError", {
  reason: Schema.String,
  code: Schema.String,
  reached: Schema.Boolean
}) {}

interface AnswerHead {
  readonly status: number
  /** The hub's clock from its `date` header, in epoch milliseconds; null without one. */
  readonly date: number | null
}

interface HttpAnswer extends AnswerHead {
  readonly body: string
}

interface StreamedAnswer extends AnswerHead {
  /** Whether the body was read to its end. */
  readonly isWhole: boolean
}

/** Takes the next bytes of a body. False: no more of them are needed. */
type TakeBytes = (chunk: Buffer, status: number) => boolean

interface HttpRequest {
  readonly api_url: string
  /** Relative to `api_url`, without a leading slash. */
  readonly path: string
  readonly token?: Redacted.Redacted<string>
  /** Sent as JSON by POST; without it the request is a GET. */
  readonly body?: object
  readonly tls: HubTls
  /** Of the whole answer, or of a silence within a streamed one. */
  readonly timeout_ms: number
}

const failed = (reason: string, code = "", reached = false) => new HttpError({ reason, code, reached })

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

interface Listener {
  readonly onConnected: () => void
  readonly onBytes: TakeBytes
}

const dateOf = (header = ""): number | null => {
  const date = Date.parse(header)
  return Number.isNaN(date) ? null : date
}

const exchange = (
  url: URL,
  request: HttpRequest,
  { connection, tunnel }: { readonly connection: RequestOptions; readonly tunnel: Tunnel | null },
  { onBytes, onConnected }: Listener
) =>
  Effect.callback<StreamedAnswer, HttpError>((resume) => {
    const body = request.body === undefined ? undefined : encodeJson(request.body)
    const fail = (cause: unknown) => resume(Effect.fail(failure(cause, hubBehind(url.href, tunnel))))
    const asked = (url.protocol === "https:" ? requestHttps : requestHttp)(url, optionsOf(request, connection))
    // Never removed: an error without a listener would end the process.
    asked.on("error", fail)
    asked.on("socket", (socket) => socket.connecting ? socket.once("connect", onConnected) : onConnected())
    asked.on("response", (response) => {
      const head = { status: response.statusCode ?? 0, date: dateOf(response.headers.date) }
      const end = (isWhole: boolean) => resume(Effect.succeed({ ...head, isWhole }))
      response.on("error", fail)
      response.on("data", (chunk: Buffer) => {
        if (onBytes(chunk, head.status)) return
        end(false)
        asked.destroy()
      })
      response.on("end", () => end(true))
    })
    asked.end(body)
    return Effect.sync(() => asked.destroy())
  }).pipe(
    // Node.js throws at an address or a header that it does not take.
    Effect.catchDefect((defect) => Effect.fail(failure(defect, null)))
  )

/** Fails once `heard` stays closed for so long. */
const whileHeard = (heard: Latch.Latch, within_ms: number): Effect.Effect<never, HttpError> =>
  heard.close.pipe(
    Effect.andThen(heard.await),
    Effect.timeoutOrElse({
      duration: within_ms,
      orElse: () => Effect.fail(failed(`no answer within ${within_ms} ms`))
    }),
    Effect.forever
  )

const send = Effect.fnUntraced(function*(url: URL, request: HttpRequest, heard: Latch.Latch, onBytes: TakeBytes) {
  const { timeout_ms: within_ms, tls } = request
  const tunnel = yield* Effect.mapError(tunnelTo(url.href, within_ms), (error) => failed(sentenceOf(error)))
  let connected = false
  const onConnected = () => {
    connected = true
  }
  const answer = yield* Effect.promise(() => requestOptions(url.href, { tls, tunnel, within_ms })).pipe(
    Effect.flatMap((connection) => exchange(url, request, { connection, tunnel }, { onBytes, onConnected })),
    Effect.raceFirst(whileHeard(heard, within_ms)),
    Effect.mapError(({ code, reason }) => failed(blamed(tunnel, reason), code, connected))
  )
  // The proxy's refusal of a CONNECT looks like an answer of the hub.
  const fault = tunnel?.fault("") ?? null
  return fault === null ? answer : yield* failed(sentenceOf(fault))
}, Effect.scoped)

const addressOf = ({ api_url, path }: HttpRequest): Effect.Effect<URL, HttpError> =>
  Effect.try({
    try: () => new URL(path, api_url.replace(/\/*$/, "/")),
    catch: () => failed("hub_api_url is not an address")
  })

/** One request to the hub's HTTP API. An answer with any status is a success; no answer in time is an error. */
export const hubRequest = Effect.fnUntraced(function*(request: HttpRequest): Effect.fn.Return<HttpAnswer, HttpError> {
  const url = yield* addressOf(request)
  const chunks: Array<Buffer> = []
  let bytes = 0
  const { date, isWhole, status } = yield* send(url, request, yield* Latch.make(false), (chunk) => {
    bytes += chunk.length
    chunks.push(chunk)
    return bytes <= lookup_body_bytes
  })
  return isWhole
    ? { status, date, body: Buffer.concat(chunks).toString() }
    : yield* failed("the answer is too large", "", true)
})

/**
 * As `hubRequest`, but the bytes of the body are taken as they come; the next ones are not read before. An answer may take any
 * time, as long as the hub is not silent for `timeout_ms`.
 */
export const hubStream = Effect.fnUntraced(function*(request: HttpRequest, onBytes: TakeBytes) {
  const heard = yield* Latch.make(false)
  return yield* send(yield* addressOf(request), request, heard, (chunk, status) => {
    heard.openUnsafe()
    return onBytes(chunk, status)
  })
})

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
