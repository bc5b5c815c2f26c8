import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { connect } from "node:net"
import { win32 } from "node:path"
import { promisify } from "node:util"
import { attempt } from "../files.ts"
import { pipeName } from "./launcher.ts"
import { wakerLimits } from "./limits.ts"
import type { KnownWake, Processes } from "./processes.ts"

const run = promisify(execFile)

/** Whether somebody holds the pipe open; one that is busy is held. */
export const pipeAnswers = (pipe: string): Effect.Effect<boolean> =>
  Effect.callback<boolean>((resume) => {
    const socket = connect(pipe)
    const settle = (held: boolean) => {
      socket.destroy()
      resume(Effect.succeed(held))
    }
    socket.once("connect", () => settle(true))
    socket.once("error", (error) => settle(!/ENOENT|ECONNREFUSED/.test(error.message)))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOrElse({ duration: wakerLimits.tool_timeout_ms, orElse: () => Effect.succeed(true) }))

const leaderLives = ({ record, files }: KnownWake): Effect.Effect<boolean> =>
  record === null ? Effect.succeed(false) : pipeAnswers(pipeName(files.record_path))

/** The system's own: a bare name would be looked for in the working folder first, where the agent may put a file. */
const taskkill = win32.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "taskkill.exe")

export const taskkillArguments = (pid: number): ReadonlyArray<string> => ["/T", "/F", "/PID", String(pid)]

/** Ends a process and all below it, as far as it can. */
export const killTree = (pid: number): Effect.Effect<void> =>
  Effect.ignore(
    attempt(taskkill, () =>
      run(taskkill, taskkillArguments(pid), { timeout: wakerLimits.tool_timeout_ms, windowsHide: true }))
  )

/** A wake on Windows is its launcher, with the tree of processes below it; there is no gentle way to end one. */
export const windowsProcesses: Processes = {
  boot: Effect.succeed(""),
  startOf: () => Effect.succeed(""),
  leaderLives,
  living: (wakes) =>
    Effect.map(Effect.filter(wakes, leaderLives), (living) =>
      living.map((wake) => {
        const pids = wake.record === null ? [] : [wake.record.pid]
        return { wake, pids, group: null, strays: pids, began: true, identities: [] }
      })),
  signal: ({ strays }) => Effect.forEach(strays, killTree, { discard: true })
}
