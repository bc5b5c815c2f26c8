import * as Effect from "effect/Effect"
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { patience_ms } from "../support/patience.ts"

export interface Program {
  readonly child: ChildProcess
  readonly output: () => string
  readonly errors: () => string
  /** Its exit code, or the signal's name. */
  readonly ended: Effect.Effect<number | NodeJS.Signals | null>
  /** Waits until its output and errors together show the text; the deadline only bounds a failure. */
  readonly shows: (text: string) => Effect.Effect<void>
  readonly signal: (name: NodeJS.Signals) => Effect.Effect<void>
}

const program = (args: ReadonlyArray<string>, cwd?: string) =>
  Effect.acquireRelease(
    Effect.sync((): Program => {
      const child = spawn(process.execPath, args, { cwd, stdio: ["ignore", "pipe", "pipe", "ipc"] })
      const seen = { output: "", errors: "" }
      child.stdout?.on("data", (chunk) => seen.output += String(chunk))
      child.stderr?.on("data", (chunk) => seen.errors += String(chunk))
      const end = once(child, "close").then(() => child.exitCode ?? child.signalCode)
      return {
        child,
        output: () => seen.output,
        errors: () => seen.errors,
        ended: Effect.promise(() => end),
        shows: (text) =>
          Effect.promise(async () => {
            for (let left = patience_ms; !(seen.output + seen.errors).includes(text); left -= 5) {
              if (left <= 0) throw new Error(`never seen: ${text}\nin ${seen.output}\n${seen.errors}`)
              await wait(5)
            }
          }),
        signal: (name) => Effect.sync(() => child.kill(name))
      }
    }),
    ({ child }) => Effect.sync(() => child.kill("SIGKILL"))
  )

/** `dist/main.js` as its own process, killed with the scope. */
export const sidecarProgram = (args: ReadonlyArray<string>, cwd?: string) =>
  program([resolve("dist/main.js"), ...args], cwd)

/** A command of `fixtures/behaviour.ts` under the real runMain, from its first line of output on. */
export const behaving = (name: string, ...args: ReadonlyArray<string>) =>
  Effect.tap(
    program(["--disable-warning=ExperimentalWarning", resolve("test/cli/fixtures/behaviour.ts"), name, ...args]),
    ({ shows }) => shows("ready\n")
  )

/** An agent's folder with its `config.json`, removed with the scope. */
export const agentFolder = (config: Record<string, unknown>) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const folder = mkdtempSync(join(tmpdir(), "sidecar-cli-"))
      writeFileSync(join(folder, "config.json"), JSON.stringify(config))
      return folder
    }),
    (folder) => Effect.sync(() => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }))
  )

/** How long an effect takes, in real milliseconds. */
export const timed = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const begun = performance.now()
    return Effect.map(effect, (value) => ({ value, took_ms: performance.now() - begun }))
  })
