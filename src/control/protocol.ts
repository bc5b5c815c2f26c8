import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { createHash } from "node:crypto"

/** The sidecar that holds a folder, as it says itself; `since` is an ISO time. It is the first line to whoever connects. */
export const Holder = Schema.Struct({ pid: Schema.Int, since: Schema.String })
export type Holder = typeof Holder.Type
export const HolderLine = Schema.fromJsonString(Holder)

/** What may be asked then, one line a connection. `key` is `keyOf` the token, as the socket itself is open to every user. */
export const Request = Schema.Struct({ ask: Schema.Literals(["status", "drain"]), key: Schema.String })
export type Request = typeof Request.Type
export const RequestLine = Schema.fromJsonString(Request)

/** What shows that the one who asks may read the agent's configuration, without saying its token. */
export const keyOf = (token: Redacted.Redacted<string>): string =>
  createHash("sha256").update(`agentcom-sidecar control ${Redacted.value(token)}`).digest("hex")

const TaskStatus = Schema.Struct({
  task_id: Schema.String,
  status: Schema.String,
  slot: Schema.Literals(["active", "recovering"]),
  generation: Schema.Int,
  assigned_at: Schema.Number,
  status_since: Schema.Number,
  wake_attempts: Schema.Int,
  woken_at: Schema.NullOr(Schema.Number),
  activity: Schema.String,
  agent_alive: Schema.Boolean
})

/** What a running sidecar says of itself. Times are epoch milliseconds. */
export const Status = Schema.Struct({
  version: Schema.String,
  agent_id: Schema.String,
  hub_url: Schema.String,
  pid: Schema.Int,
  started_at: Schema.Number,
  now: Schema.Number,
  connection: Schema.Struct({
    phase: Schema.Literals(["down", "connected", "identified"]),
    since: Schema.Number,
    last_heard_at: Schema.NullOr(Schema.Number)
  }),
  task: Schema.NullOr(TaskStatus),
  owed: Schema.Array(Schema.String), // the frames that the hub has not answered yet, or that wait for their turn
  leaving: Schema.Array(Schema.String), // the tasks that are over, whose agent is being seen off
  draining: Schema.Boolean,
  disk: Schema.Literals(["ok", "failing", "refusing"]),
  counters: Schema.Record(Schema.String, Schema.Int)
})
export type Status = typeof Status.Type

/** Why a request is not answered. */
export const Refusal = Schema.Struct({ refused: Schema.String })

export const Answer = Schema.fromJsonString(Schema.Union([Status, Refusal]))
