import * as Schema from "effect/Schema"
import { JsonObject, type WakeEnd, type Work } from "./Work.ts"

export const Success = Schema.TaggedStruct("Success", { result: JsonObject, tokens_used: Schema.NullOr(Schema.Finite) })
export type Success = typeof Success.Type

/**
 * The agent's answer. `Unusable` is a file that can never become one. A failure `of_command` is what our `exec` wrote about the
 * end of the command. It is not the agent's own verdict.
 */
export const Answer = Schema.Union([
  Success,
  Schema.TaggedStruct("Failure", { reason: Schema.String, of_command: Schema.optionalKey(Schema.Literal(true)) }),
  Schema.TaggedStruct("Unusable", { reason: Schema.String })
])
export type Answer = typeof Answer.Type

/** The agent's progress: a whole percentage, an event for the hub's dashboard, or both. */
export const Progress = Schema.Struct({
  progress: Schema.NullOr(Schema.Finite),
  execution_event: Schema.NullOr(JsonObject)
})
export type Progress = typeof Progress.Type

/** What the results folder says about the work. `unknown`: the answer cannot be read. Times are in epoch milliseconds. */
export const FolderEvidence = Schema.Struct({
  started: Schema.Boolean,
  last_sign_at: Schema.NullOr(Schema.Finite),
  answer: Schema.NullOr(Schema.Union([Answer, Schema.Literals(["half-written", "unknown"])]))
})
export type FolderEvidence = typeof FolderEvidence.Type

/**
 * What the wake record and the process table say about one wake. `none`: it never ran and never will. `unknown`: one of the
 * two could not be read. `this_boot` is false if the machine, or the agent's container, has ended since, and with it all that
 * the wake had started. `output` is the end of what the agent printed; it is left out while the agent works.
 */
export const ProcessEvidence = Schema.Struct({
  process: Schema.Literals(["alive", "gone", "none", "unknown"]),
  this_boot: Schema.Boolean,
  output: Schema.optionalKey(Schema.String)
})
export type ProcessEvidence = typeof ProcessEvidence.Type

export const Evidence = Schema.Struct({ ...FolderEvidence.fields, ...ProcessEvidence.fields })
export type Evidence = typeof Evidence.Type

export interface SilencePolicy {
  readonly agent_silence_ms: number
  readonly wake_command_blocks: boolean
}

/** Whether a command that ended so may have left an agent at work, because it only starts one. */
export const mayHaveLaunched = (end: WakeEnd | null, policy: SilencePolicy): boolean =>
  !policy.wake_command_blocks && (end === null || end.how === "unseen" || end.code === 0)

/** A wake that never ran wrote nothing, and the signs before it were removed. So these come from an agent that an earlier wake launched. */
const signsOfAnother = (last_sign_at: number, { wake }: Work, policy: SilencePolicy): boolean =>
  !policy.wake_command_blocks && wake !== null && last_sign_at >= wake.at

/** "At work" as docs/architecture.md defines it: by its process, or by recent signs of life from this boot. */
export const isAtWork = (evidence: Evidence, work: Work, policy: SilencePolicy, now: number): boolean => {
  const end = work.wake?.end ?? null
  const { last_sign_at } = evidence
  if (evidence.process === "alive" && end === null) return true
  if (!evidence.started || last_sign_at === null || now - last_sign_at >= policy.agent_silence_ms) return false
  return evidence.process === "none"
    ? signsOfAnother(last_sign_at, work, policy)
    : evidence.this_boot && mayHaveLaunched(end, policy)
}
