import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { resolve } from "node:path"

export const main = resolve("dist/main.js")

export interface Ended {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command of the built program to its end. */
export const runCommand = (args: ReadonlyArray<string>, env: Record<string, string> = {}): Effect.Effect<Ended> =>
  Effect.callback<Ended>((resume) => {
    const options = { env: { ...process.env, ...env } }
    const child = execFile(process.execPath, [main, ...args], options, (error, out, err) => {
      resume(Effect.succeed({ code: typeof error?.code === "number" ? error.code : 0, out, err }))
    })
    child.stdin?.end()
    return Effect.sync(() => void child.kill("SIGKILL"))
  })
