import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { execLimits } from "./limits.ts"

export type CommandEnd =
  | { readonly _tag: "Exited"; readonly code: number }
  | { readonly _tag: "Killed"; readonly signal: string }

export interface Child {
  readonly pid: number
  /** Waits for the end and for the output until it. */
  readonly ended: Effect.Effect<CommandEnd>
}

export interface ChildOptions {
  readonly environment: Record<string, string>
  readonly input: string | null // for standard input, which is empty where there is none
  readonly onOutput: (chunk: Uint8Array) => void
  readonly onErrors: (chunk: Uint8Array) => void
}

/** Runs the command in our own process group; succeeds when it runs, and fails with the cause where it cannot. */
export const spawnChild = (
  [program = "", ...args]: ReadonlyArray<string>,
  { environment, input, onErrors, onOutput }: ChildOptions
): Effect.Effect<Child, unknown> =>
  Effect.callback<Child, unknown>((resume) => {
    const exited = Deferred.makeUnsafe<CommandEnd>()
    const closed = Deferred.makeUnsafe<void>()
    try {
      const child = spawn(program, args, { env: environment, stdio: ["pipe", "pipe", "pipe"], windowsHide: true })
      child.stdin.on("error", () => {}) // the command need not read it
      child.stdout.on("data", onOutput)
      child.stderr.on("data", onErrors)
      child.once("error", (cause) => resume(Effect.fail(cause)))
      child.once("exit", (code, signal) => {
        const end: CommandEnd = code === null
          ? { _tag: "Killed", signal: signal ?? "a signal" }
          : { _tag: "Exited", code }
        Deferred.doneUnsafe(exited, Effect.succeed(end))
      })
      child.once("close", () => Deferred.doneUnsafe(closed, Effect.void))
      const ended = Deferred.await(exited).pipe(
        Effect.tap(() => Effect.timeoutOption(Deferred.await(closed), execLimits.drain_ms))
      )
      child.once("spawn", () => {
        child.stdin.end(input ?? "")
        resume(Effect.succeed({ pid: child.pid ?? 0, ended }))
      })
    } catch (cause) {
      resume(Effect.fail(cause))
    }
  }).pipe(Effect.uninterruptible)
