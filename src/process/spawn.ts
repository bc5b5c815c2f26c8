import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import type { FileHandle } from "node:fs/promises"
import type { WakeEnd } from "../domain/Work.ts"
import { limits } from "../limits.ts"
import { codeOf, reasonOf } from "../storage/files.ts"
import type { Launch } from "./launcher.ts"
import { logEnd } from "./log.ts"
import { couldNotBecome, nameMissingProgram } from "./missingProgram.ts"

/** Hides what is secret in a text. */
export type Mask = (text: string) => Effect.Effect<string>

/** What of a program's output may be quoted: not what is in our `own` files, nor what `mask` hides. */
export interface Quoting {
  readonly mask: Mask
  readonly own: ReadonlyArray<string>
}

/** The last `output_tail_chars` of what stands in the log from `offset` (bytes) on; empty where there is no log. */
export const outputTail = (path: string, offset: number, { mask, own }: Quoting): Effect.Effect<string> =>
  logEnd(path, offset, limits.output_read_bytes, own).pipe(
    Effect.flatMap(mask),
    Effect.map((text) => text.trimEnd().slice(-limits.output_tail_chars).replace(/^[\uDC00-\uDFFF]/, "")),
    Effect.orElseSucceed(() => "")
  )

/** How the leader of a wake ended. */
export type Exit =
  | { readonly _tag: "Exited"; readonly code: number }
  | { readonly _tag: "Killed"; readonly signal: string }
  | { readonly _tag: "Unspawned"; readonly reason: string; readonly code: string } // the system's

export interface SpawnOptions {
  readonly cwd: string
  readonly env: Record<string, string>
  readonly log: FileHandle
}

/** A command that runs, or has failed to: then it has no pid, and `exit` says why. */
interface Spawned {
  readonly pid: number | null
  readonly exit: Effect.Effect<Exit>
}

/**
 * Spawns `launch` detached, in a process group of its own, its output appended to the log. Returns when it runs, or has
 * failed to, with what waits for its end.
 */
export const spawnDetached = (launch: Launch, { cwd, env, log }: SpawnOptions): Effect.Effect<Spawned> =>
  Effect.callback<Spawned>((resume) => {
    const exit = Deferred.makeUnsafe<Exit>()
    const spawned = (pid: number | null) => resume(Effect.succeed({ pid, exit: Deferred.await(exit) }))
    const settle = (outcome: Exit) => {
      Deferred.doneUnsafe(exit, Effect.succeed(outcome))
      spawned(null)
    }
    const unspawned = (cause: unknown) =>
      settle({
        _tag: "Unspawned",
        reason: `${launch.file} could not be started in ${cwd}: ${reasonOf(cause)}`,
        code: codeOf(cause)
      })
    try {
      const stdio: ["ignore", number, number] = ["ignore", log.fd, log.fd]
      const child = spawn(launch.file, [...launch.args], {
        cwd,
        env: { ...env, ...launch.env },
        detached: true,
        stdio,
        windowsHide: true
      })
      child.on("error", unspawned)
      child.once(
        "exit",
        (code, signal) =>
          settle(code === null ? { _tag: "Killed", signal: signal ?? "a signal" } : { _tag: "Exited", code })
      )
      child.once("spawn", () => spawned(child.pid ?? null))
      child.unref()
    } catch (cause) {
      unspawned(cause)
    }
  }).pipe(Effect.uninterruptible)

/** What a shell was given to do, and what is wrong with a program that it names, where a look at that tells. */
export interface ShellLine {
  readonly command: string
  readonly problemOf: (program: string) => string | undefined
}

/** What an exit means, with the end of the output that `tail` reads; `line` is null where there was no shell. */
export const wakeEnd = (exit: Exit, line: ShellLine | null, tail: Effect.Effect<string>): Effect.Effect<WakeEnd> =>
  exit._tag === "Unspawned"
    ? Effect.succeed({ how: "unspawned", code: null, output: exit.reason })
    : Effect.map(tail, (output) => endOf(exit, line, output))

const endOf = (
  exit: Exclude<Exit, { readonly _tag: "Unspawned" }>,
  line: ShellLine | null,
  output: string
): WakeEnd => {
  if (exit._tag === "Killed") {
    return { how: "killed", code: null, output: `ended by ${exit.signal}${output === "" ? "" : `\n${output}`}` }
  }
  const said = nameMissingProgram(line?.command ?? null, exit.code, output, line?.problemOf)
  return line === null && couldNotBecome(exit.code, output)
    ? { how: "unspawned", code: null, output: said }
    : { how: "exited", code: exit.code, output: said }
}
