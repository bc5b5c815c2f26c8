import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { limits } from "../limits.ts"

export interface Ran {
  /** Its exit code; null where it did not run, was killed or took too long. */
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
      timeout: limits.doctor_answer_ms,
      killSignal: "SIGKILL",
      maxBuffer: limits.doctor_output_bytes,
      windowsHide: true
    } as const
    const child = execFile(file, args, options, (error, out, err) => {
      const code = error === null ? 0 : error.code
      resume(Effect.succeed({ code: typeof code === "number" ? code : null, out, err }))
    })
    child.stdin?.end()
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
