import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { notOpenedYet } from "../domain/Readiness.ts"
import { StoredState, type Timers as TimersThatRun } from "../domain/SidecarState.ts"
import { Progress, Success, TimerName } from "./RecordedMessage.ts"

const Connection = Schema.Struct({
  phase: Schema.Literals(["down", "connected", "identified"]),
  pending: Schema.Array(
    Schema.Struct({ kind: Schema.Literals(["accept", "reject", "recovery", "state"]), task_id: Schema.String })
  ),
  in_flight: Schema.NullOr(Schema.Struct({
    kind: Schema.Literals(["accept", "reject", "recovery", "state", "report"]),
    task_id: Schema.String,
    generation: Schema.NullOr(Schema.Int),
    sent_at: Schema.Finite,
    limited: Schema.Boolean
  })),
  refused_types: Schema.Array(Schema.String),
  standing: Schema.Literals(["unknown", "ours", "denied", "in_doubt"]),
  recovery_answer: Schema.NullOr(Schema.Literals(["continue", "denied"])),
  accept_refused: Schema.Boolean,
  half_open: Schema.Boolean
})

const reason = { reason: Schema.String }
const EndCause = Schema.Union([Schema.TaggedStruct("AttemptFailed", reason), Schema.TaggedStruct("Failed", reason)])

const Activity = Schema.Union([
  Schema.TaggedStruct("Idle", {}),
  Schema.TaggedStruct("Inspecting", {
    because: Schema.Union([Schema.Literals(["assess", "lease", "confirmation"]), ...EndCause.members])
  }),
  Schema.TaggedStruct("AwaitingExit", {}),
  Schema.TaggedStruct("Spawning", {}),
  Schema.TaggedStruct("Running", {}),
  Schema.TaggedStruct("Stopping", { because: EndCause }),
  Schema.TaggedStruct("AwaitingRetry", {}),
  Schema.TaggedStruct("Settling", { because: EndCause })
])

const Agent = Schema.Struct({
  activity: Activity,
  answer: Schema.NullOr(Success),
  progress: Schema.NullOr(Progress),
  progress_sent_at: Schema.NullOr(Schema.Finite),
  seen_off: Schema.NullOr(Schema.String),
  gave_verdict: Schema.Boolean.pipe(Schema.withDecodingDefaultKey(Effect.succeed(false))),
  wake_lasted_ms: Schema.NullOr(Schema.Finite).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null))),
  unwritten_since: Schema.NullOr(Schema.Finite).pipe(Schema.withDecodingDefaultKey(Effect.succeed(null)))
})

const Obstacle = Schema.Struct({ cause: Schema.Literals(["program", "folders"]), reason: Schema.String })

const Readiness = Schema.Struct({
  link: Schema.Literals(["open", "resting", "closed"]),
  obstacle: Schema.NullOr(Obstacle),
  programs: Schema.NullOr(Schema.String),
  failures: Schema.Int,
  paused_by: Schema.NullOr(Schema.String),
  not_ready: Schema.NullOr(Schema.Struct({
    cause: Schema.Literals(["draining", "disk", "failures", "program", "folders"]),
    reason: Schema.String,
    since: Schema.Finite
  }))
})

const Timers = Schema.Record(TimerName, Schema.optionalKey(Schema.Finite))

/** Where it is not told which timers run, each of them may fire. */
const anyTimer: TimersThatRun = Object.fromEntries(TimerName.literals.map((name) => [name, 0]))

/** The state of the sidecar between two steps, whole but for the policy, which the header tells. */
export const KnownState = Schema.Struct({
  stored: StoredState,
  connection: Connection,
  agent: Agent,
  leaving: Schema.Array(
    Schema.Struct({ task_id: Schema.String, files: Schema.Literals(["remove", "keep_answer", "keep"]) })
  ),
  stopping: Schema.Array(Schema.String),
  draining: Schema.NullOr(Schema.Literals([0, 75])),
  disk: Schema.Literals(["ok", "failing"]),
  readiness: Readiness.pipe(Schema.withDecodingDefaultKey(Effect.succeed(notOpenedYet))),
  timers: Timers.pipe(Schema.withDecodingDefaultKey(Effect.succeed(anyTimer)))
})
export type KnownState = typeof KnownState.Type
