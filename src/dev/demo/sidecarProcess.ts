import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { platform } from "../../platform.ts"
import { agentScript } from "./agentScript.ts"

/** A temporary folder for the agent, removed with the scope. */
export const makeAgentFolder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "agentcom-demo-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
)

/** The shell expands the text from the environment: it is an argument of the agent, never part of the command. */
const wakeCommand = (agent: string): string => {
  const command = `"${process.execPath}" "${agent}"`
  return platform === "windows" ? command : `${command} "\${TASK_DESCRIPTION}"`
}

/** Writes the agent and the `config.json` of a sidecar for it. */
export const writeAgentFolder = (folder: string, hub_url: string, token: string) =>
  Effect.promise(async () => {
    const agent = join(folder, "agent.mjs")
    await mkdir(folder, { recursive: true })
    await writeFile(agent, agentScript)
    await writeFile(
      join(folder, "config.json"),
      JSON.stringify({
        agent_id: "demo-agent",
        token,
        hub_url,
        wake_command: wakeCommand(agent),
        wake_command_blocks: true
      }),
      { mode: 0o600 }
    )
  })

/** How often the agent was woken for each task, by its own record. */
export const wakesByTask = (folder: string) =>
  Effect.promise(async () => {
    const ids = (await readFile(join(folder, "wakes.log"), "utf8")).split("\n").filter((id) => id !== "")
    return new Map(ids.map((id) => [id, ids.filter((other) => other === id).length]))
  })

/**
 * Starts the installed daemon as a process. `stop` asks it to stop by a message, as Windows has no signals, and returns its
 * exit code, or null after a signal.
 */
export const startSidecar = (folder: string) =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const [, main = ""] = process.argv
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
