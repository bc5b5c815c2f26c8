#!/usr/bin/env node
// Starts the sidecar for a supervisor: lets a checkout update itself first, then becomes the version that works.
// It runs on any Node.js, needs no build, and imports nothing of ours that an update could have left half-written.
import { spawn } from "node:child_process"
import { existsSync, readFileSync, realpathSync, writeSync } from "node:fs"
import { constants } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath, pathToFileURL } from "node:url"

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const versions = join(root, ".versions")
const args = process.argv.slice(2)
const defaultTimeout_ms = 60_000
const longestTimeout_ms = 3_600_000
const stop_ms = 1_500 // less than any supervisor waits
const configurationExit = 78

/** As src/text/terminal.ts: the output of git may hold characters that move the cursor of a terminal or change the direction of its text. */
const quote = (value) =>
  JSON.stringify(value).replace(
    /[\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`
  )

const say = (event, fields) => {
  const ts = new Date().toISOString()
  const readable = () =>
    [ts, event, ...Object.entries(fields).map(([key, value]) => `${key}=${quote(value)}`)].join(" ")
  try {
    writeSync(1, `${process.stdout.isTTY ? readable() : quote({ ts, event, ...fields })}\n`)
  } catch {
    // Nobody reads it, which must not keep the sidecar from its start.
  }
}

const json = (path) => {
  try {
    return JSON.parse(readFileSync(path, "utf8"))
  } catch {
    return undefined
  }
}

/** The folder and commit of what was built last: a version of ours, or the checkout itself; undefined without any. */
const built = () => {
  const { commit, folder } = json(join(versions, "current")) || {}
  const version = typeof folder === "string" ? join(versions, folder) : root
  if (version !== root && existsSync(join(version, "dist", "main.js"))) return { folder: version, commit }
  if (!existsSync(join(root, "dist", "main.js"))) return undefined
  return { folder: root, commit: (json(join(root, "dist", "build.json")) || {}).commit }
}

/** The value of an option of the sidecar, of which the last counts; undefined where it is not given. */
const option = (name) => {
  let value
  args.forEach((arg, at) => {
    if (arg === `--${name}`) value = args[at + 1]
    else if (arg.startsWith(`--${name}=`)) value = arg.slice(name.length + 3)
  })
  return value
}

/** `update_timeout_ms`: the option's before the environment's, and that before the configuration file's; 0 turns it off. */
const timeout_ms = () => {
  const given = option("update-timeout-ms") || process.env.AGENTCOM_UPDATE_TIMEOUT_MS ||
    (json(option("config") || "config.json") || {}).update_timeout_ms
  const value = given === undefined ? defaultTimeout_ms : Number(given)
  return value >= 0 ? Math.min(value, longestTimeout_ms) : defaultTimeout_ms
}

/** The update's code of the version that works, as that one is whole; the checkout's where there is no other. */
const updater = async (folder) => {
  try {
    return await import(pathToFileURL(join(folder, "scripts", "update", "update.mjs")).href)
  } catch (error) {
    if (folder === root) throw error
    return updater(root)
  }
}

const stopSignals = process.platform === "win32" ? ["SIGINT", "SIGTERM", "SIGBREAK"] : ["SIGINT", "SIGTERM"]

const skip = (reason) => say("update_skipped", { reason })

const update = async () => {
  if (!existsSync(join(root, ".git"))) {
    return skip("an npm installation does not update itself: install the newer version over it with npm")
  }
  const limit = timeout_ms()
  if (limit === 0) return skip("update_timeout_ms is 0")
  const stop = new AbortController()
  const stopped = () => {
    stop.abort()
    setTimeout(process.exit, stop_ms, 0)
  }
  const onMessage = (message) => message === "shutdown" && stopped()
  for (const signal of stopSignals) process.on(signal, stopped)
  process.on("message", onMessage)
  try {
    const { updateCheckout } = await updater((built() || { folder: root }).folder)
    await updateCheckout({ root, versions, built, say, until: Date.now() + limit, stop: stop.signal })
  } catch (error) {
    if (!stop.signal.aborted) say("update_failed", { reason: String(error && error.message || error) })
  }
  if (stop.signal.aborted) process.exit(0)
  for (const signal of stopSignals) process.removeListener(signal, stopped)
  process.removeListener("message", onMessage)
}

/** Where the process cannot be replaced: a child that gets our signals and messages, and whose end is ours. */
const forward = (node, argv) => {
  const connected = process.send !== undefined
  const child = spawn(node, argv, {
    stdio: ["inherit", "inherit", "inherit", ...connected ? ["ipc"] : []],
    detached: process.platform !== "win32", // else Ctrl-C would reach it twice, by the terminal and by us
    windowsHide: true
  })
  if (connected) {
    process.on("message", (message) => child.connected && child.send(message))
    child.on("message", (message) => process.connected && process.send(message))
  }
  for (const signal of [...stopSignals, "SIGHUP"]) {
    // On Windows the console tells the child itself, and kill() would end it without a chance to stop.
    process.on(signal, () => process.platform !== "win32" && child.kill(signal))
  }
  child.on("error", (error) => {
    say("start_failed", { reason: error.message })
    process.exit(1)
  })
  child.on("exit", (code, signal) => process.exit(code === null ? 128 + (constants.signals[signal] || 0) : code))
}

const become = ({ folder }) => {
  const own = ["node", "node.exe"].map((name) => join(folder, "node_modules", "node", "bin", name)).find(existsSync)
  const node = own ? realpathSync(own) : process.execPath
  const argv = [...process.execArgv, join(folder, "dist", "main.js"), ...args]
  // The supervisor then sees, signals and measures the sidecar itself.
  if (process.platform !== "win32" && process.execve) process.execve(node, [node, ...argv], process.env)
  else forward(node, argv)
}

await update()
const version = built()
if (version) become(version)
else {
  say("start_failed", { reason: `nothing is built: run npm ci in ${root}` })
  process.exitCode = configurationExit
}
