import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { connect } from "node:net"
import { win32 } from "node:path"
import { promisify } from "node:util"
import { attempt, FileError } from "../storage/files.ts"
import type { KnownWake } from "./knownWake.ts"
import { pipeName } from "./launcher.ts"
import { processLimits } from "./limits.ts"
import type { Processes } from "./processes.ts"

const run = promisify(execFile)

/** Errors that say nothing about the pipe: we have no descriptor or memory left. */
const ownShortage = /EMFILE|ENFILE|ENOMEM|ENOBUFS/

/** Whether a process holds the pipe open. A busy pipe is held. */
export const pipeAnswers = (pipe: string): Effect.Effect<boolean, FileError> =>
  Effect.callback<boolean, FileError>((resume) => {
    const socket = connect(pipe)
    const settle = (outcome: Effect.Effect<boolean, FileError>) => {
      socket.destroy()
      resume(outcome)
    }
    socket.once("connect", () => settle(Effect.succeed(true)))
    socket.once("error", ({ message }) =>
      settle(
        ownShortage.test(message)
          ? Effect.fail(new FileError({ path: pipe, code: "", reason: message }))
          : Effect.succeed(!/ENOENT|ECONNREFUSED/.test(message))
      ))
    return Effect.sync(() => socket.destroy())
  }).pipe(Effect.timeoutOrElse({ duration: processLimits.tool_timeout_ms, orElse: () => Effect.succeed(true) }))

const leaderLives = ({ record, files }: KnownWake): Effect.Effect<boolean, FileError> =>
  record === null ? Effect.succeed(false) : pipeAnswers(pipeName(files.record_path))

/** By its full path: Windows looks for a bare name in the working folder first, where the agent may put a file. */
const taskkill = win32.join(process.env["SystemRoot"] ?? "C:\\Windows", "System32", "taskkill.exe")

export const taskkillArguments = (pid: number): ReadonlyArray<string> => ["/T", "/F", "/PID", String(pid)]

/** Ends a process and all below it, as far as the system allows. */
export const killTree = (pid: number): Effect.Effect<void> =>
  Effect.ignore(
    attempt(taskkill, () =>
      run(taskkill, taskkillArguments(pid), { timeout: processLimits.tool_timeout_ms, windowsHide: true }))
  )

/** A wake on Windows is its launcher with the tree of processes below it. There is no gentle way to end one. */
export const windowsProcesses: Processes = {
  place: Effect.succeed({ boot: "", pid_namespace: "" }),
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
