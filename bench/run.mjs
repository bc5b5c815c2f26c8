#!/usr/bin/env node
// Prints what the daemon costs: the code it loads, the time from its start to its first frame, its memory when idle,
// what it takes to record a session, and what messages take.
import { spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, relative } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { WebSocketServer } from "ws"
import { median } from "./daemon.mjs"
import { recordingCost } from "./record.mjs"
import { pingCost, reportCost } from "./talk.mjs"

const RUNS = 5
const IDLE_MS = 5_000
const FRAME_WITHIN_MS = 10_000

const root = fileURLToPath(new URL("..", import.meta.url))
const main = join(root, "dist", "main.js")
const folder = mkdtempSync(join(tmpdir(), "sidecar-bench-"))

/** The least of a hub: it identifies everyone, answers pings and tells when the first frame came. */
const startHub = async () => {
  const server = new WebSocketServer({ host: "127.0.0.1", port: 0 })
  await once(server, "listening")
  server.on("connection", (socket) =>
    socket.on("message", (data) => {
      const arrived = performance.now()
      const frame = JSON.parse(String(data))
      if (frame.type === "identify") {
        server.emit("identify", arrived)
        socket.send(JSON.stringify({ type: "identified", agent_id: frame.agent_id }))
      }
      if (frame.type === "ping") socket.send(JSON.stringify({ type: "pong", timestamp: 0 }))
    }))
  return server
}

const writeConfig = (name, port) => {
  const home = join(folder, name)
  mkdirSync(home)
  const config = join(home, "config.json")
  const hub_url = `ws://127.0.0.1:${port}/ws`
  writeFileSync(config, JSON.stringify({ agent_id: "bench", token: "bench", hub_url, wake_command: "true" }))
  return config
}

/** Starts a daemon in a folder of its own; resolves when its first frame has arrived, with how long that took. */
const startDaemon = async (hub, name, env = {}) => {
  const config = writeConfig(name, hub.address().port)
  const identified = once(hub, "identify", { signal: AbortSignal.timeout(FRAME_WITHIN_MS) })
  const begun = performance.now()
  const child = spawn(process.execPath, [main, "run", "--config", config], {
    env: { ...process.env, ...env },
    stdio: ["ignore", "ignore", "inherit"]
  })
  const [arrived] = await identified
  const stop = async () => {
    const exit = once(child, "exit")
    child.kill("SIGTERM")
    await exit
  }
  return { child, start_ms: arrived - begun, stop }
}

/** The files of dist that a daemon really loaded, as V8 itself saw it. */
const loadedFiles = async (hub) => {
  const coverage = join(folder, "coverage")
  const daemon = await startDaemon(hub, "loading", { NODE_V8_COVERAGE: coverage })
  await daemon.stop()
  const scripts = readdirSync(coverage)
    .flatMap((file) => JSON.parse(readFileSync(join(coverage, file), "utf8")).result)
    .filter(({ url }) => url.startsWith("file:"))
    .map(({ url }) => fileURLToPath(url))
  return [...new Set(scripts)].filter((path) => !relative(join(root, "dist"), path).startsWith(".."))
}

const medianStart = async (hub) => {
  const times = []
  for (let run = 0; run < RUNS; run++) {
    const daemon = await startDaemon(hub, `start-${run}`)
    times.push(daemon.start_ms)
    await daemon.stop()
  }
  return median(times)
}

/** Resident memory in MiB; undefined where there is no /proc. */
const idleMemory = async (hub) => {
  const daemon = await startDaemon(hub, "idle")
  await sleep(IDLE_MS)
  const status = `/proc/${daemon.child.pid}/status`
  const kib = existsSync(status) ? /VmRSS:\s+(\d+)/.exec(readFileSync(status, "utf8"))?.[1] : undefined
  await daemon.stop()
  return kib === undefined ? undefined : Number(kib) / 1024
}

const kib = (bytes) => `${(bytes / 1024).toFixed(1)} KiB`

const hub = await startHub()
try {
  const sources = (await loadedFiles(hub)).map((path) => readFileSync(path))
  const raw = sources.reduce((sum, source) => sum + source.length, 0)
  const gzip = sources.reduce((sum, source) => sum + gzipSync(source).length, 0)
  console.log(`bundle      ${kib(raw)}, gzip ${kib(gzip)}, in ${sources.length} files: what \`run\` loads`)
  console.log(`first frame ${(await medianStart(hub)).toFixed(0)} ms after the spawn, median of ${RUNS}`)
  const memory = await idleMemory(hub)
  console.log(
    `idle memory ${memory === undefined ? "unknown here" : `${memory.toFixed(1)} MiB RSS after ${IDLE_MS / 1000} s`}`
  )
  const { line_us, lines, pairs, ratio, task_ms } = await recordingCost(folder)
  const task_us = line_us * lines
  console.log(
    `recording   ${line_us.toFixed(1)} µs a line, ${lines.toFixed(1)} lines a task: ` +
      `${(task_us / task_ms / 10).toFixed(2)} % of the ${task_ms.toFixed(0)} ms of a task that is answered at once; ` +
      `on against off ${ratio.toFixed(3)}, medians of ${pairs} by turns`
  )
  const ping = await pingCost(folder)
  console.log(
    `ping        ${
      ping.ms.toFixed(0)
    } ms from the request to the pong on the sender's socket, median of ${ping.pings}; ` +
      `processes started: ${ping.processes}`
  )
  const report = await reportCost(folder)
  console.log(
    `report      ${report.quiet_ms.toFixed(0)} ms from the answer file to task_ack, ${
      report.talking_ms.toFixed(0)
    } ms in ` +
      `the middle of talk, medians of ${report.reports} by turns; ${report.away} agents away, ` +
      `${report.message_cost_ms} ms a message, ${report.pushed} messages pushed`
  )
} finally {
  for (const client of hub.clients) client.terminate()
  hub.close()
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
}
