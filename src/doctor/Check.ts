import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import type { Settings } from "../config/SidecarConfig.ts"
import { printable } from "../text/terminal.ts"

export const doctor_answer_ms = 10_000
const doctor_output_bytes = 16 * 1024 * 1024 // of a program that doctor runs

/** The result of a check; `skipped` if there was nothing to check. */
export interface Outcome {
  readonly verdict: "ok" | "failed" | "skipped"
  readonly found: string
  /** How to fix it; null if there is nothing to fix. */
  readonly remedy: string | null
}

export interface Finding extends Outcome {
  readonly check: string
}

export const ok = (found: string): Outcome => ({ verdict: "ok", found, remedy: null })
export const failed = (found: string, remedy: string): Outcome => ({ verdict: "failed", found, remedy })
export const skipped = (found: string): Outcome => ({ verdict: "skipped", found, remedy: null })

/** The sidecar that is checked. `config` is the absolute path of its configuration. */
export interface Subject {
  readonly config: string
  readonly folder: string
  readonly settings: Settings
  /** The exit codes after which a supervisor must not start the sidecar again. */
  readonly final_exit_codes: ReadonlyArray<number>
}

/** A check changes no task and does not disturb a running sidecar. */
export interface Check {
  readonly name: string
  /** The check that must be ok for this one to make sense. */
  readonly needs?: string
  readonly run: (subject: Subject) => Effect.Effect<Outcome>
}

const signs = { ok: "✓", failed: "✗", skipped: "–" } as const

const name_chars = 13

/** A finding for people: a line, and a second one with the remedy. */
export const findingText = ({ check, found, remedy, verdict }: Finding): string => {
  const line = `${signs[verdict]} ${check.padEnd(name_chars)} ${printable(found)}\n`
  return remedy === null ? line : `${line}${" ".repeat(name_chars + 3)}→ ${printable(remedy)}\n`
}

interface Ran {
  /** Its exit code; null if it did not run, was killed or took too long. */
  readonly code: number | null
  readonly out: string
  readonly err: string
}

interface Surroundings {
  readonly cwd: string
  readonly env: Readonly<Record<string, string | undefined>>
}

/** Runs a program to its end without a shell, for at most `doctor_answer_ms`. */
export const runProgram = ([file = "", ...args]: ReadonlyArray<string>, { cwd, env }: Surroundings) =>
  Effect.callback<Ran>((resume) => {
    const options = {
      cwd,
      env,
      timeout: doctor_answer_ms,
      killSignal: "SIGKILL",
      maxBuffer: doctor_output_bytes,
      windowsHide: true
    } as const
    const child = execFile(file, args, options, (error, out, err) => {
      const code = error === null ? 0 : error.code
      resume(Effect.succeed({ code: typeof code === "number" ? code : null, out, err }))
    })
    child.stdin?.end()
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
