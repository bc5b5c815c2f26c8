import type * as Effect from "effect/Effect"
import type { Settings } from "../config/SidecarConfig.ts"

/** What a check came to: all is well, something is wrong, or there was nothing to check. */
export interface Outcome {
  readonly verdict: "ok" | "failed" | "skipped"
  readonly found: string
  /** What to do about it; null where there is nothing to do. */
  readonly remedy: string | null
}

export interface Finding extends Outcome {
  readonly check: string
}

export const ok = (found: string): Outcome => ({ verdict: "ok", found, remedy: null })
export const failed = (found: string, remedy: string): Outcome => ({ verdict: "failed", found, remedy })
export const skipped = (found: string): Outcome => ({ verdict: "skipped", found, remedy: null })

/** Whom the doctor examines. `config` is the absolute path of the configuration. */
export interface Subject {
  readonly config: string
  readonly folder: string
  readonly settings: Settings
  /** The exit codes after which a supervisor is not to start the sidecar again. */
  readonly final_exit_codes: ReadonlyArray<number>
}

/** One look at the subject, which touches no task and disturbs no running sidecar. */
export interface Check {
  readonly name: string
  /** The check without whose success this one says nothing. */
  readonly needs?: string
  readonly run: (subject: Subject) => Effect.Effect<Outcome>
}
