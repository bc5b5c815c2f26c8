import { spawn, spawnSync } from "node:child_process"
import { delimiter, dirname } from "node:path"

const kept_chars = 64 * 1024
const told_chars = 400
const grace_ms = 1_000
const settle_ms = 200

/** What git and npm need to find programs, people's settings, keys and proxies; all else may be a secret of the agent. */
const needed = new Set(
  ("PATH HOME USER LOGNAME LANG LANGUAGE TZ TMPDIR TEMP TMP SSH_AUTH_SOCK SSH_AGENT_PID XDG_CONFIG_HOME XDG_CACHE_HOME " +
    "HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY SSL_CERT_FILE SSL_CERT_DIR NODE_EXTRA_CA_CERTS NVM_DIR VOLTA_HOME FNM_DIR " +
    "GIT_SSH GIT_SSH_COMMAND GIT_SSL_CAINFO GIT_SSL_CAPATH GIT_CONFIG_GLOBAL GIT_CONFIG_SYSTEM " +
    "SYSTEMROOT SYSTEMDRIVE WINDIR COMSPEC PATHEXT APPDATA LOCALAPPDATA USERPROFILE USERNAME HOMEDRIVE HOMEPATH " +
    "PROGRAMFILES PROGRAMFILES(X86) PROGRAMDATA OS NUMBER_OF_PROCESSORS PROCESSOR_ARCHITECTURE").split(" ")
)

const pick = (env, isNeeded) => Object.fromEntries(Object.entries(env).filter(([name]) => isNeeded(name.toUpperCase())))

/** The environment of git, in which it never asks for anything. */
export const gitEnvironment = (env) => ({
  ...pick(env, (name) => needed.has(name) || name.startsWith("LC_")),
  GIT_TERMINAL_PROMPT: "0",
  GIT_OPTIONAL_LOCKS: "0", // one that was killed while it only looked must not leave the index locked
  GIT_ASKPASS: "",
  GCM_INTERACTIVE: "never"
})

/** The environment of npm and of the build. `execPath` is a Node.js for machines where the PATH has none. */
export const npmEnvironment = (env, execPath) => {
  const picked = pick(env, (name) => needed.has(name) || name.startsWith("LC_") || name.startsWith("NPM_CONFIG_"))
  const path = Object.keys(picked).find((name) => name.toUpperCase() === "PATH") || "PATH"
  return { ...picked, [path]: [picked[path], dirname(execPath)].filter(Boolean).join(delimiter) }
}

/** npm as a program with its arguments: on Windows it is a script, which only cmd.exe runs. The arguments are our own. */
export const npmCommand = (platform, args, env = {}) =>
  platform === "win32"
    ? { file: env.ComSpec || "cmd.exe", args: ["/d", "/s", "/c", `"npm ${args.join(" ")}"`], verbatim: true }
    : { file: "npm", args, verbatim: false }

/** How a process is ended with everything it has started: a command on Windows, elsewhere signals to its group. */
export const killCommand = (platform, pid) =>
  platform === "win32" ? { file: "taskkill", args: ["/pid", String(pid), "/T", "/F"] } : undefined

const signalGroup = (pid, signal) => {
  try {
    process.kill(-pid, signal)
  } catch {
    // It has ended.
  }
}

/** Ends it at last within `grace_ms`. git removes its lock files when it is asked first. */
const endTree = (pid) => {
  const command = killCommand(process.platform, pid)
  if (command) return void spawnSync(command.file, command.args, { windowsHide: true })
  signalGroup(pid, "SIGTERM")
  setTimeout(() => signalGroup(pid, "SIGKILL"), grace_ms)
}

/** A program's words in one short line without a password that an address may hold. */
export const told = (text) => {
  const line = text.replace(/([a-z][a-z0-9+.-]*:\/\/)[^/\s]*@/gi, "$1").replace(/\s+/g, " ").trim()
  return line.length <= told_chars ? line : `…${line.slice(-told_chars)}`
}

/** Gives how the child ended: its exit code, or -1 where it could not run or was killed, and what it printed. */
const ending = (child) =>
  new Promise((resolve) => {
    const seen = { output: "", errors: "" }
    const end = (code, errors = seen.errors) => {
      child.stdout.destroy()
      child.stderr.destroy()
      resolve({ code: code === null ? -1 : code, output: seen.output, errors })
    }
    child.stdout.on("data", (data) => seen.output = (seen.output + data).slice(-kept_chars))
    child.stderr.on("data", (data) => seen.errors = (seen.errors + data).slice(-kept_chars))
    child.on("error", ({ message }) => end(-1, message))
    child.on("close", (code) => end(code))
    // Something it has left running may hold its output open.
    child.on("exit", (code) => setTimeout(end, settle_ms, code))
  })

/**
 * Runs a program to its end and gives `{ code, output, errors }`; `code` is -1 where it could not run. When the time
 * `until` (epoch ms) comes or `stop` is aborted, it is ended with all that it started, and this rejects.
 */
export const run = async ({ args, cwd, env, file, stop, until, verbatim = false, what = file }) => {
  const left_ms = until - Date.now()
  if (stop.aborted || left_ms <= 0) throw new Error(`${what} was not begun in time`)
  const child = spawn(file, args, {
    cwd,
    env,
    stdio: ["ignore", "pipe", "pipe"],
    detached: process.platform !== "win32", // a group of its own to end, and no terminal to ask a password at
    windowsHide: true,
    windowsVerbatimArguments: verbatim
  })
  let late = false
  const end = () => {
    late = true
    if (child.pid) endTree(child.pid)
  }
  const timer = setTimeout(end, left_ms)
  stop.addEventListener("abort", end)
  const ended = await ending(child)
  clearTimeout(timer)
  stop.removeEventListener("abort", end)
  if (late) throw new Error(`${what} was not done in time`)
  return ended
}
