import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { setTimeout as wait } from "node:timers/promises"
import { type DevHub, type DevHubOptions, type HubTask, make } from "../../src/dev/DevHub.ts"
import { openGate, untilThere } from "./gate.ts"
import { patience_ms } from "./patience.ts"

export const agentId = "tester"
export const token = "s3cret-t0ken-never-seen"
const main = resolve("dist/main.js")
const shownOfOutput = 4_000 // characters of what a daemon said, where its test fails

/** Waits until `look` gives something; the deadline only bounds a failure. */
export const until = <A>(
  what: string,
  look: () => A | undefined | false,
  deadline_ms = patience_ms
): Effect.Effect<A> =>
  Effect.promise(async () => {
    for (let left = Math.max(deadline_ms, patience_ms); left > 0; left -= 20) {
      const found = look()
      if (found !== undefined && found !== false) return found
      await wait(20)
    }
    throw new Error(`it did not come to pass: ${what}`)
  })

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // One that ends between these two looks has no `stat` any more, which throws.
    return !existsSync("/proc/self/stat") || !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return false
  }
}

/** One agent's folder. Its wake command notes every wake in `wakes.log` before it does anything else. */
export interface Folder {
  readonly path: string
  readonly file: (name: string) => string
  readonly read: (name: string) => string
  /** The pids of the woken processes for a task, or all. */
  readonly wakes: (task_id?: string) => ReadonlyArray<number>
  /** Makes an empty file there; who waits by `untilThere` for it goes on, as with the next. */
  readonly touch: (name: string) => void
  /** Removes a file. */
  readonly remove: (name: string) => Effect.Effect<void>
  /** Puts a file there whole. */
  readonly write: (name: string, content: string) => Effect.Effect<void>
  /** Lets an agent that waits for it go on. */
  readonly letGo: Effect.Effect<void>
}

/** A script whose agent confirms, waits for `go`, answers and ends; parts can be replaced. */
export interface AgentScript {
  readonly before?: string
  readonly confirm?: string
  readonly work?: string
  readonly answer?: string
}

export const answered = `printf '%s' '{"status":"success","output":"done"}' > "$RESULTS_DIR/$TASK_ID.json.tmp"
mv "$RESULTS_DIR/$TASK_ID.json.tmp" "$RESULTS_DIR/$TASK_ID.json"`

const scriptOf = (
  { answer = answered, before = "", confirm = `: > "$RESULTS_DIR/$TASK_ID.started"`, work }: AgentScript
) =>
  [
    `echo "$TASK_ID $$" >> wakes.log`,
    before,
    confirm,
    work ?? untilThere("go"),
    answer
  ].join("\n")

export const atOnce = "true"

const killAgents = (folder: Folder) =>
  Effect.sync(() => {
    for (const pid of folder.wakes()) {
      try {
        process.kill(-pid, "SIGKILL")
      } catch {
        // it is gone, as it should be
      }
    }
  })

/** Makes the folder with its `config.json` and agent; removed, with every agent that still lives, at the end. */
export const makeFolder = (
  hub: DevHub,
  script: AgentScript = {},
  config: Record<string, unknown> = {}
): Effect.Effect<Folder, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "sidecar-test-"))
      const file = (name: string) => join(path, name)
      const read = (name: string) => existsSync(file(name)) ? readFileSync(file(name), "utf8") : ""
      writeFileSync(file("agent.sh"), scriptOf(script))
      writeFileSync(
        file("config.json"),
        JSON.stringify({
          agent_id: agentId,
          token,
          hub_url: hub.url,
          wake_command: "exec /bin/sh agent.sh",
          ...config
        }),
        { mode: 0o600 }
      )
      const wakes = (task_id?: string) =>
        read("wakes.log").split("\n").map((line) => line.split(" "))
          .filter(([id, pid]) => pid !== undefined && (task_id === undefined || id === task_id))
          .map(([, pid]) => Number(pid))
      const gates: Array<number> = []
      const touch = (name: string) => {
        writeFileSync(file(name), "")
        gates.push(...openGate(file(name)))
      }
      const write = (name: string, content: string) =>
        Effect.sync(() => {
          writeFileSync(file(`${name}.tmp`), content)
          renameSync(file(`${name}.tmp`), file(name))
          gates.push(...openGate(file(name)))
        })
      const remove = (name: string) => Effect.sync(() => rmSync(file(name)))
      return { path, file, gates, read, remove, touch, wakes, write, letGo: Effect.sync(() => touch("go")) }
    }),
    (folder) =>
      Effect.andThen(
        killAgents(folder),
        Effect.sync(() => {
          for (const open of folder.gates) closeSync(open)
          rmSync(folder.path, { recursive: true, force: true, maxRetries: 5 })
        })
      )
  )

export interface LogLine {
  readonly event: string
  readonly [field: string]: unknown
}

export interface Daemon {
  readonly pid: number
  readonly output: () => string
  readonly events: (event?: string) => ReadonlyArray<LogLine>
  readonly signal: (signal: NodeJS.Signals) => Effect.Effect<void>
  /** Its exit code, or the signal's name. */
  readonly ended: Effect.Effect<number | NodeJS.Signals | null>
  readonly kill: Effect.Effect<void>
}

/** The log in what has been printed; what is asked for many times a second is not parsed each time from the beginning. */
const logIn = (text: () => string): () => ReadonlyArray<LogLine> => {
  const log: Array<LogLine> = []
  let read = 0
  return () => {
    const end = text().lastIndexOf("\n") + 1
    const lines = text().slice(read, end).split("\n").filter((line) => line.startsWith("{"))
    read = end
    log.push(...lines.map((line): LogLine => JSON.parse(line)))
    return log
  }
}

/**
 * The built daemon as its own process, as a supervisor would run it. Killed at the end of the scope. `through` is a command
 * that becomes the daemon, which comes as its last arguments.
 */
export const startDaemon = (
  folder: Folder,
  env: Record<string, string> = {},
  config = "config.json",
  options: ReadonlyArray<string> = [],
  through: ReadonlyArray<string> = []
): Effect.Effect<Daemon, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const [program = "", ...args] = [...through, process.execPath, main]
      const child = spawn(program, [...args, "run", "--config", folder.file(config), ...options], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, ...env }
      })
      let output = ""
      child.stdout.on("data", (data: Buffer) => output += data.toString())
      child.stderr.on("data", (data: Buffer) => output += data.toString())
      const ended = new Promise<number | NodeJS.Signals | null>((resolved) =>
        child.once("exit", (code, signal) => resolved(code ?? signal))
      )
      const log = logIn(() => output)
      const events = (event?: string) => log().filter((line) => event === undefined || line.event === event)
      const signal = (name: NodeJS.Signals) => Effect.sync(() => void child.kill(name))
      return {
        pid: child.pid ?? 0,
        output: () => output,
        events,
        signal,
        ended: Effect.promise(() => ended),
        kill: Effect.andThen(signal("SIGKILL"), Effect.promise(() => ended).pipe(Effect.asVoid))
      }
    }),
    (daemon, exit) =>
      Effect.andThen(
        daemon.kill,
        Effect.sync(() => Exit.isFailure(exit) ? console.error(daemon.output().slice(-shownOfOutput)) : undefined)
      )
  )

export const startHub = (options: DevHubOptions = {}) => make({ registerTokens: { [agentId]: token }, ...options })

export const submit = (hub: DevHub, description = "do it", extra: Record<string, unknown> = {}) =>
  hub.submit({ description, ...extra })

export const untilStatus = (hub: DevHub, { id }: HubTask, status: HubTask["status"], deadline_ms = patience_ms) =>
  hub.waitFor(() => hub.task(id)?.status === status, Math.max(deadline_ms, patience_ms))

/** The types of the frames that passed, from the sidecar ("out") or from the hub ("in"). */
export const frames = (hub: DevHub, dir: "in" | "out"): ReadonlyArray<Record<string, unknown>> =>
  hub.frames().filter((frame) => frame.dir === dir).flatMap(({ msg }) =>
    typeof msg === "object" && msg !== null ? [{ ...msg }] : []
  )

export const typesOf = (hub: DevHub, dir: "in" | "out"): ReadonlyArray<unknown> =>
  frames(hub, dir).map(({ type }) => type)
