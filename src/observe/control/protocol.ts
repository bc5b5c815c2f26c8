import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { Hex32, proofOf } from "./proof.ts"

/** What may be asked of a running sidecar. */
export const commandNames = ["status", "drain"] as const
export type Command = typeof commandNames[number]

/** A request: the command, and what shows which token the one who asks has, without telling it. */
export const Request = Schema.Struct({ command: Schema.Literals(commandNames), token: Hex32 })
export type Request = typeof Request.Type
const RequestText = Schema.fromJsonString(Request)
export const encodeRequest = Schema.encodeSync(RequestText)
export const decodeRequest = Schema.decodeUnknownOption(RequestText)

/** By what a sidecar sees whether it runs with the token that the one who asks has. */
export const tokenProof = (key: string, token: Redacted.Redacted<string>): string =>
  proofOf(key, "token", Redacted.value(token))

/** What the connection says, one line each: the challenge and its answer, the request and its answer. */
export const Hello = Schema.fromJsonString(Schema.Struct({ client: Hex32 }))
export const Challenge = Schema.fromJsonString(Schema.Struct({ server: Hex32, mac: Hex32 }))
export const Asked = Schema.fromJsonString(Schema.Struct({ request: Schema.String, mac: Hex32 }))
export const Answered = Schema.fromJsonString(Schema.Struct({ answer: Schema.String, mac: Hex32 }))

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
  agent_alive: Schema.NullOr(Schema.Boolean) // null where the processes cannot be read
})

/** What a running sidecar says of itself. Times are epoch milliseconds. */
export const Status = Schema.Struct({
  version: Schema.String,
  agent_id: Schema.String,
  hub_url: Schema.String,
  pid: Schema.Int,
  host: Schema.String,
  pid_namespace: Schema.NullOr(Schema.String),
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
  disk: Schema.Literals(["ok", "failing"]),
  /** Why no task is taken. */
  not_ready: Schema.NullOr(Schema.Struct({
    cause: Schema.String,
    reason: Schema.String,
    remedy: Schema.String,
    since: Schema.Number
  })),
  counters: Schema.Record(Schema.String, Schema.Int)
})
export type Status = typeof Status.Type

/** What is answered: the status, and whether the one who asked has another token than the sidecar runs with. */
const Answer = Schema.Struct({ ...Status.fields, token_changed: Schema.Boolean })
export type Answer = typeof Answer.Type
const AnswerText = Schema.fromJsonString(Answer)
export const encodeAnswer = Schema.encodeSync(AnswerText)
export const decodeAnswer = Schema.decodeUnknownEffect(AnswerText)
