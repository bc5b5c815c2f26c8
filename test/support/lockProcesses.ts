import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { createInterface } from "node:readline"
import { until } from "./daemon.ts"
import { ownNamespaces } from "./namespaces.ts"

/** A folder that is removed at the end of the scope. */
export const temporaryFolder = (name: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => mkdtempSync(join(tmpdir(), `sidecar-${name}-`))),
    (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
  )

/** A process that takes the lock of a folder when it is told to. */
export interface LockProcess {
  /** Every line that it has said: `held`, `busy` or `released` after each order. */
  readonly said: ReadonlyArray<string>
  readonly tell: (order: string) => void
  /** Gives it an order and waits for what it says to that. */
  readonly ask: (order: string) => Effect.Effect<string>
  readonly signal: (signal: NodeJS.Signals) => void
  readonly kill: Effect.Effect<void>
}

/** Starts it, behind the words of `before`, if there are any, which may show it the folder at another path. */
export const lockProcess = (
  folder: string,
  before: ReadonlyArray<string> = []
): Effect.Effect<LockProcess, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.gen(function*() {
      const words = [...before, process.execPath, resolve("test/support/lockHolder.ts"), folder]
      const child = spawn(words[0] ?? "", words.slice(1), { stdio: ["pipe", "pipe", "inherit"] })
      const ended = once(child, "exit")
      const said: Array<string> = []
      createInterface(child.stdout).on("line", (line) => said.push(line))
      const tell = (order: string) => void child.stdin.write(`${order}\n`)
      yield* until("the process is ready", () => said.shift() === "ready")
      return {
        said,
        tell,
        ask: (order: string) => {
          const before_it = said.length
          tell(order)
          return until(`it did: ${order}`, () => said[before_it])
        },
        signal: (signal: NodeJS.Signals) => void child.kill(signal),
        kill: Effect.promise(async () => {
          child.kill("SIGKILL")
          if (child.exitCode === null && child.signalCode === null) await ended
        })
      }
    }),
    ({ kill }) => kill
  )

/** A process in namespaces of its own, with the folder seen at another path, and perhaps not to be written. */
export const inContainer = (folder: string, seenAt: string, options = "rw"): ReadonlyArray<string> => [
  ...ownNamespaces,
  "sh",
  "-c",
  `mount --bind "$0" "$1" && mount -o "remount,bind,$2" "$1" && shift 2 && exec "$@"`,
  folder,
  seenAt,
  options
]
