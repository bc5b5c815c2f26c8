// A daemon of the bench, with a development hub.
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const CONNECTED_WITHIN_MS = 10_000

export const agent = "bench"
export const token = "s3cret-of-the-bench"

const main = fileURLToPath(new URL("../dist/main.js", import.meta.url))

export const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]

/** Starts a daemon in a new folder and waits until the hub knows it. Gives its pid. It ends with the scope. */
export const startDaemon = (hub, home, config, options = []) =>
  Effect.gen(function*() {
    mkdirSync(home)
    const path = join(home, "config.json")
    writeFileSync(path, JSON.stringify({ agent_id: agent, token, hub_url: hub.url, ...config }))
    const { pid } = yield* Effect.acquireRelease(
      Effect.sync(() =>
        spawn(process.execPath, [main, "run", "--config", path, ...options], { stdio: ["ignore", "ignore", "inherit"] })
      ),
      (child) =>
        Effect.promise(async () => {
          const exit = once(child, "exit")
          child.kill("SIGTERM")
          await exit
        })
    )
    yield* hub.waitFor(() => hub.connections(agent) === 1, CONNECTED_WITHIN_MS)
    return pid
  })
