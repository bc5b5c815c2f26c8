import type { JsonObject, Task, WakeEnd } from "./Task.ts"

/**
 * What the agent wrote as its answer; `Unusable` is a file that can never become one. A failure `of_command` is what our
 * `exec` wrote of the command's end, and no verdict of the agent's own.
 */
export type Answer =
  | { readonly _tag: "Success"; readonly result: JsonObject; readonly tokens_used: number | null }
  | { readonly _tag: "Failure"; readonly reason: string; readonly of_command?: true }
  | { readonly _tag: "Unusable"; readonly reason: string }

export type Success = Extract<Answer, { readonly _tag: "Success" }>

/** What the agent says of its progress: a whole percentage, an event for the hub's dashboard, or both. */
export interface Progress {
  readonly progress: number | null
  readonly execution_event: JsonObject | null
}

/** What the results folder says about one task; the answer is `unknown` where it cannot be read. Times are epoch milliseconds. */
export interface FolderEvidence {
  readonly started: boolean
  readonly last_sign_at: number | null
  readonly answer: Answer | "half-written" | "unknown" | null
}

/**
 * What the wake record and the process table say about one wake. `none`: it never ran and never will. `unknown`: one of the
 * two could not be read. `this_boot` is false where the machine, or the container of the agent, has ended since: with it
 * ended all that the wake had started.
 */
export interface ProcessEvidence {
  readonly process: "alive" | "gone" | "none" | "unknown"
  readonly this_boot: boolean
  /** The end of what the agent has printed, where somebody is to be told of it: not while it is at work. */
  readonly output?: string
}

export type Evidence = FolderEvidence & ProcessEvidence

export interface SilencePolicy {
  readonly agent_silence_ms: number
  readonly wake_command_blocks: boolean
}

/** Whether a command that ended so may have left an agent at work behind it, as one that only starts something does. */
export const mayHaveLaunched = (end: WakeEnd | null, policy: SilencePolicy): boolean =>
  !policy.wake_command_blocks && (end === null || end.how === "unseen" || end.code === 0)

/** A wake that never ran wrote nothing, and the signs before it were removed: an agent that an earlier one launched is there. */
const signsOfAnother = (last_sign_at: number, { wake }: Task, policy: SilencePolicy): boolean =>
  !policy.wake_command_blocks && wake !== null && last_sign_at >= wake.at

/** The definition of "at work" in docs/architecture.md: by its process, or by recent signs of life of this boot. */
export const isAtWork = (evidence: Evidence, task: Task, policy: SilencePolicy, now: number): boolean => {
  const end = task.wake?.end ?? null
  const { last_sign_at } = evidence
  if (evidence.process === "alive" && end === null) return true
  if (!evidence.started || last_sign_at === null || now - last_sign_at >= policy.agent_silence_ms) return false
  return evidence.process === "none"
    ? signsOfAnother(last_sign_at, task, policy)
    : evidence.this_boot && mayHaveLaunched(end, policy)
}
