import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inject } from "vitest"
import type { DevHub, HubTask } from "../../src/dev/DevHub.ts"
import { agentId, type LogLine, token, until as untilWithin, untilStatus } from "../support/daemon.ts"
import { inWindows, wineEnvironment } from "./wine.ts"

const { app, node, prefix, wine } = inject("windows")

/** node.exe and the built sidecar as Windows knows them. */
export const nodeExe = inWindows(node)
export const main = inWindows(join(app, "dist", "main.js"))

/** Wine takes its time where others want the processor; it only bounds a failure. */
const deadline_ms = 60_000

/** Waits until `look` gives something. */
export const until = <A>(what: string, look: () => A | undefined | false) => untilWithin(what, look, deadline_ms)

export const untilCompleted = (hub: DevHub, task: HubTask) => untilStatus(hub, task, "completed", deadline_ms)

/** What every agent begins with; its working folder is that of its config.json. */
const prelude = `const fs = require("node:fs")
const { TASK_ID, TASK_FILE, TASK_PROMPT_FILE, RESULTS_DIR } = process.env
const result = (ending) => RESULTS_DIR + "\\\\" + TASK_ID + ending
const put = (file, text) => { fs.writeFileSync(file + ".tmp", text); fs.renameSync(file + ".tmp", file) }
const confirm = () => fs.writeFileSync(result(".started"), "")
const answer = (value) => put(result(".json"), JSON.stringify({ status: "success", ...value }))
const go = async () => {
  while (!fs.existsSync("go")) {
    if (!fs.existsSync("config.json")) process.exit() // the test is over
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
fs.appendFileSync("wakes.log", TASK_ID + "\\n")
`

/** One agent's folder, with a name that wants to be quoted. */
export interface Folder {
  readonly path: string
  readonly file: (name: string) => string
  readonly read: (name: string) => string
  readonly write: (name: string, text: string) => void
  readonly wakes: (task_id: string) => number
  /** What runs and has a path of this folder among its arguments. */
  readonly processes: () => ReadonlyArray<string>
}

/** The commands of the living, with a space after each argument. */
const commandLines = (): ReadonlyArray<string> =>
  readdirSync("/proc").filter((name) => /^\d+$/.test(name)).map((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
    } catch {
      return "" // it has ended
    }
  })

/** Makes the folder, with `agent` as agent.cjs and a config.json that runs it through cmd.exe, unless `config` says otherwise. */
export const makeFolder = (
  { url }: Pick<DevHub, "url">,
  agent: string,
  config: Record<string, unknown> = {}
): Effect.Effect<Folder, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const path = mkdtempSync(join(tmpdir(), "sidecar R&D ü^ -"))
      const file = (name: string) => join(path, name)
      const read = (name: string) => existsSync(file(name)) ? readFileSync(file(name), "utf8") : ""
      const write = (name: string, text: string) => writeFileSync(file(name), text)
      const settings = {
        agent_id: agentId,
        token,
        hub_url: url,
        wake_command: `"${nodeExe}" agent.cjs "\${TASK_FILE}"`,
        ...config
      }
      write("agent.cjs", prelude + agent)
      write("config.json", JSON.stringify(settings))
      return {
        path,
        file,
        read,
        write,
        wakes: (task_id) => read("wakes.log").split("\n").filter((id) => id === task_id).length,
        processes: () => commandLines().filter((line) => line.includes(path.slice(-6)))
      }
    }),
    (folder) =>
      Effect.andThen(
        Effect.sync(() => rmSync(folder.file("config.json"), { force: true })),
        Effect.andThen(
          until("its agents have ended", () => folder.processes().length === 0),
          Effect.sync(() => rmSync(folder.path, { recursive: true, force: true, maxRetries: 5 }))
        )
      )
  )

export interface Program {
  readonly pid: number // of this system
  readonly output: () => string
  readonly errors: () => string
  readonly events: (event: string) => ReadonlyArray<LogLine>
  /** Its exit code, or the signal's name. */
  readonly ended: Effect.Effect<number | NodeJS.Signals | null>
  readonly kill: Effect.Effect<void>
}

const parse = (text: string): ReadonlyArray<LogLine> =>
  text.slice(0, text.lastIndexOf("\n") + 1).split("\n").filter((line) => line.startsWith("{"))
    .map((line): LogLine => JSON.parse(line))

/** Starts node.exe in the folder; killed, as by a power failure, at the end of the scope. */
export const startNode = (
  folder: Folder,
  args: ReadonlyArray<string>
): Effect.Effect<Program, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      // Its console is a file each, as Node.js cannot open what Wine makes of a pipe.
      const outputs = mkdtempSync(join(tmpdir(), "sidecar-output-"))
      const names = [join(outputs, "output"), join(outputs, "errors")] as const
      const [output, errors] = [openSync(names[0], "w"), openSync(names[1], "w")]
      const child = spawn(wine, [node, ...args], {
        cwd: folder.path,
        env: wineEnvironment(prefix),
        stdio: ["ignore", output, errors]
      })
      closeSync(output)
      closeSync(errors)
      const ended = new Promise<number | NodeJS.Signals | null>((resolved) =>
        child.once("exit", (code, signal) => resolved(code ?? signal))
      )
      const read = (name: string) => readFileSync(name, "utf8")
      return {
        outputs,
        pid: child.pid ?? 0,
        output: () => read(names[0]),
        errors: () => read(names[1]),
        events: (event: string) => parse(read(names[0])).filter((line) => line.event === event),
        ended: Effect.promise(() => ended),
        kill: Effect.andThen(Effect.sync(() => void child.kill("SIGKILL")), Effect.asVoid(Effect.promise(() => ended)))
      }
    }),
    ({ errors, kill, output, outputs }, exit) =>
      Effect.andThen(
        kill,
        Effect.sync(() => {
          if (Exit.isFailure(exit)) console.error(`${args.join(" ")} said:\n${output()}${errors()}`)
          rmSync(outputs, { recursive: true, force: true })
        })
      )
  )

/** A command of the sidecar. */
export const start = (folder: Folder, command: string, ...args: ReadonlyArray<string>) =>
  startNode(folder, [main, command, ...args])

export const startDaemon = (folder: Folder) => start(folder, "run", "--config", inWindows(folder.file("config.json")))

/** A command to its end. */
export const run = Effect.fnUntraced(function*(folder: Folder, command: string, ...args: ReadonlyArray<string>) {
  const program = yield* start(folder, command, ...args)
  const code = yield* program.ended
  return { code, output: program.output(), errors: program.errors() }
}, Effect.scoped)
