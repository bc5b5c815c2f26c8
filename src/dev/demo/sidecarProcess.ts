import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { platform } from "../../platform.ts"
import { agentScript } from "./agentScript.ts"
import { helperScript } from "./helperScript.ts"

const [, main = ""] = process.argv

/** An agent of the demo: its program, and what its `config.json` says beside the hub. */
interface DemoAgent {
  readonly script: string
  readonly config: (program: string) => object
}

/** The shell expands the text from the environment: it is an argument of the agent, never part of the command. */
const lineOf = (program: string): string => {
  const command = `"${process.execPath}" "${program}"`
  return platform === "windows" ? command : `${command} "\${TASK_DESCRIPTION}"`
}

/** Works off tasks. */
export const worker: DemoAgent = {
  script: agentScript(main),
  config: (program) => ({ agent_id: "worker", wake_command: lineOf(program), wake_command_blocks: true })
}

/** Gets messages. The hub gives it no task. */
export const helper: DemoAgent = {
  script: helperScript,
  config: (program) => {
    const command = [process.execPath, program]
    return {
      agent_id: "helper",
      wake_command: command,
      message_command: command,
      batch_ms: 3_000,
      min_interval_ms: 1_000
    }
  }
}

/** A temporary folder with the agent and the `config.json` of a sidecar for it, removed with the scope. */
export const makeAgentFolder = ({ config, script }: DemoAgent, hub_url: string, token: string) =>
  Effect.tap(
    Effect.acquireRelease(
      Effect.promise(() => mkdtemp(join(tmpdir(), "agentcom-demo-"))),
      (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
    ),
    (folder) =>
      Effect.promise(async () => {
        const program = join(folder, "agent.mjs")
        await writeFile(program, script)
        const text = JSON.stringify({ ...config(program), hub_url, token })
        await writeFile(join(folder, "config.json"), text, { mode: 0o600 })
      })
  )

/** The lines that an agent has noted; none before it was woken. */
const linesOf = (folder: string, name: string) =>
  Effect.promise(() => readFile(join(folder, name), "utf8").catch(() => "")).pipe(
    Effect.map((text) => text.split("\n").filter((line) => line !== ""))
  )

/** How often the agent was woken for each task, by its own record. */
export const wakesByTask = (folder: string) =>
  Effect.map(
    linesOf(folder, "wakes.log"),
    (ids) => new Map(ids.map((id) => [id, ids.filter((other) => other === id).length]))
  )

/** The ids of the messages of each delivery, by the agent's own record. */
export const deliveriesOf = (folder: string) =>
  Effect.map(linesOf(folder, "deliveries.log"), (lines) => lines.map((line): ReadonlyArray<string> => JSON.parse(line)))

/**
 * Starts the installed daemon as a process. `stop` asks it to stop by a message, as Windows has no signals, and returns its
 * exit code, or null after a signal.
 */
export const startSidecar = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [main, "run", "--config", join(folder, "config.json")], {
        stdio: ["ignore", "ignore", "inherit", "ipc"]
      })
      const ended = once(child, "exit").then(([code]: ReadonlyArray<unknown>) => typeof code === "number" ? code : null)
      return {
        stop: Effect.promise(() => {
          child.send("shutdown", () => {}) // fails if it has ended already
          return ended
        })
      }
    }),
    ({ stop }) => stop
  )
