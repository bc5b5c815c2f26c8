import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { TaskLocation } from "../domain/Message.ts"
import { readMembers } from "../text/members.ts"
import { hubRequest } from "./hubHttp.ts"
import type { HubTls } from "./tls.ts"

export interface LookUpTools {
  readonly agent_id: string
  readonly token: Redacted.Redacted<string>
  readonly hub_api_url: string
  readonly tls: HubTls
  readonly timeout_ms: number
}

/** The hub's HTTP interface gave no usable answer. */
export class LookUpError extends Schema.TaggedError<LookUpError>()("LookUpError", { reason: Schema.String }) {}

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

/** Where the hub's books say a task is. Fails where they could not be read in time. */
export const lookUpTask = Effect.fnUntraced(function*(task_id: string, tools: LookUpTools) {
  const { hub_api_url: api_url, timeout_ms, tls, token } = tools
  const path = `api/tasks/${encodeURIComponent(task_id)}`
  const { body, status } = yield* Effect.mapError(
    hubRequest({ api_url, path, token, tls, timeout_ms }),
    ({ reason }) => new LookUpError({ reason })
  )
  const odd = () => new LookUpError({ reason: `HTTP ${status} with a body that says nothing of the task` })
  if (status !== 404 && status !== 200) return yield* new LookUpError({ reason: `HTTP ${status}` })
  const { members: said } = readMembers(body, ["status", "assigned_to", "error"])
  // Only the hub itself can say that there is no such task; another server's 404 says nothing.
  if (status === 404) return yield* decodeError(said).pipe(Effect.mapError(odd), Effect.as<TaskLocation>("elsewhere"))
  return locationOf(yield* Effect.mapError(decodeTask(said), odd), tools.agent_id)
})
