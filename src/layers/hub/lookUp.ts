import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { get as getHttp } from "node:http"
import { get as getHttps } from "node:https"
import type { Whereabouts } from "../../domain/Message.ts"
import { limits } from "../../limits.ts"

export interface LookUpTools {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly hub_api_url: string
  readonly ca: string | null
  readonly timeout_ms: number
}

/** The hub's HTTP interface gave no usable answer. */
export class LookUpError extends Schema.TaggedError<LookUpError>()("LookUpError", { reason: Schema.String }) {}

interface HttpAnswer {
  readonly status: number
  readonly body: string
}

const Task = Schema.Struct({
  status: Schema.String,
  assigned_to: Schema.optionalKey(Schema.NullOr(Schema.String))
})
const decodeTask = Schema.decodeUnknownEffect(Schema.fromJsonString(Task))
const decodeError = Schema.decodeUnknownEffect(Schema.fromJsonString(Schema.Struct({ error: Schema.String })))

const over: ReadonlySet<string> = new Set(["completed", "failed", "dead_letter", "cancelled"])
const held: ReadonlySet<string> = new Set(["assigned", "working"])

const whereaboutsOf = ({ assigned_to, status }: typeof Task.Type, agent_id: string): Whereabouts => {
  if (status === "queued") return "queued"
  if (over.has(status)) return "elsewhere"
  if (!held.has(status) || assigned_to == null) return "unknown"
  return assigned_to === agent_id ? "ours" : "elsewhere"
}

const request = (url: URL, { ca, token }: LookUpTools): Effect.Effect<HttpAnswer, LookUpError> =>
  Effect.callback<HttpAnswer, LookUpError>((resume) => {
    const fail = (reason: string) => resume(Effect.fail(new LookUpError({ reason })))
    const get = url.protocol === "https:" ? getHttps : getHttp
    const asked = get(url, {
      agent: false,
      headers: { accept: "application/json", authorization: `Bearer ${Redacted.value(token)}` },
      ...(ca === null ? {} : { ca })
    })
    // Stays for ever: an error without a listener would end the process.
    asked.on("error", (error) => fail(error.message))
    asked.on("response", (response) => {
      const chunks: Array<Buffer> = []
      let bytes = 0
      response.on("error", (error) => fail(error.message))
      response.on("data", (chunk: Buffer) => {
        bytes += chunk.length
        chunks.push(chunk)
        if (bytes > limits.lookup_body_bytes) asked.destroy(new Error("the answer is too large"))
      })
      response.on(
        "end",
        () => resume(Effect.succeed({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }))
      )
    })
    return Effect.sync(() => asked.destroy())
  }).pipe(
    // Node throws at an address or a header that it does not take.
    Effect.catchDefect((defect) => Effect.fail(new LookUpError({ reason: String(defect) })))
  )

const ask = Effect.fnUntraced(function*(task_id: string, tools: LookUpTools) {
  const path = `api/tasks/${encodeURIComponent(task_id)}`
  const url = yield* Effect.try({
    try: () => new URL(path, tools.hub_api_url.replace(/\/*$/, "/")),
    catch: () => new LookUpError({ reason: "hub_api_url is not an address" })
  })
  const { body, status } = yield* request(url, tools)
  const odd = () => new LookUpError({ reason: `HTTP ${status} with a body that says nothing of the task` })
  // Only the hub itself can say that there is no such task; another server's 404 says nothing.
  if (status === 404) return yield* decodeError(body).pipe(Effect.mapError(odd), Effect.as<Whereabouts>("elsewhere"))
  if (status !== 200) return yield* new LookUpError({ reason: `HTTP ${status}` })
  return whereaboutsOf(yield* Effect.mapError(decodeTask(body), odd), tools.agent_id)
})

/** Where the hub's books say a task is. Fails where they could not be read in time. */
export const lookUpTask = (task_id: string, tools: LookUpTools): Effect.Effect<Whereabouts, LookUpError> =>
  ask(task_id, tools).pipe(
    Effect.timeoutOrElse({
      duration: tools.timeout_ms,
      orElse: () => Effect.fail(new LookUpError({ reason: `no answer within ${tools.timeout_ms} ms` }))
    })
  )
