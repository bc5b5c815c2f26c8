import { createHash } from "node:crypto"
import { type Platform, platform } from "../platform.ts"
import { variableNames, type WakeCommand } from "./arguments.ts"
import { type Environment, isRunnable } from "./programs.ts"
import { type KnownBefore, recordPrefix } from "./wakeFiles.ts"

/** What is spawned for a wake. It holds a task's text only in those arguments of a list that ask for it. */
export interface Launch {
  readonly file: string
  readonly args: ReadonlyArray<string>
  /** The variables of the launcher that the command does not get. */
  readonly env: Readonly<Record<string, string>>
}

/** The exit code of a launcher that could not make the record and so ran nothing. A command may end with it as well. */
export const unrecorded_exit = 75

/** This variable tells a launcher from the command that it becomes, where the environment of a process can be read. */
export const launching = "AGENTCOM_LAUNCHING"

/**
 * Makes the wake record, but only if there is none yet (`set -C`), and becomes the command, which so keeps its pid and
 * start time. $1 is the record's path, $2 its beginning; the command follows. The start time is the 20th field after the
 * name in /proc/PID/stat. On a system with pid namespaces the command inherits a FIFO that it holds open while it lives
 * (`wakeFiles.ts`); if the FIFO cannot be made, the command runs without it.
 */
const shellLauncher = `set -Cf
if [ -e /proc/self/ns/pid ]; then
  { [ -p "$1.alive" ] || mkfifo -m 600 "$1.alive"; } 2>/dev/null
  { [ -p "$1.alive" ] && true 7<>"$1.alive"; } 2>/dev/null && exec 7<>"$1.alive"
fi
agentcom_start=
agentcom_take() { agentcom_start=\${20}; }
if [ -r /proc/$$/stat ]; then
  read -r agentcom_start </proc/$$/stat
  agentcom_take \${agentcom_start##*) }
else
  agentcom_start=$(LC_ALL=C TZ=UTC0 ps -o lstart= -p $$)
fi
printf '%s,"pid":%s,"start_time":"%s"}\\n' "$2" "$$" "$agentcom_start" >"$1" || { rm -f "$1.alive"; exit ${unrecorded_exit}; }
unset agentcom_start ${launching}
set +Cf
shift 2
exec "$@"`

/** The same for Windows, where no process can become another: it stays as the command's parent, and its pipe shows that it lives. */
const nodeLauncher = `const { spawn } = require("node:child_process")
const [record, prefix, pipe, form, ...command] = process.argv.slice(1)
const fail = (code) => (error) => { console.error(error.message); process.exit(code) }
require("node:net").createServer((socket) => socket.destroy()).on("error", fail(${unrecorded_exit})).listen(pipe, () => {
  try {
    require("node:fs").writeFileSync(record, prefix + ',"pid":' + process.pid + ',"start_time":""}', { flag: "wx" })
  } catch (error) { fail(${unrecorded_exit})(error) }
  const options = { stdio: "inherit", windowsVerbatimArguments: form === "line", windowsHide: true }
  const [file, ...args] = form === "list" ? command
    : [process.env.ComSpec || "cmd.exe", "/d", "/s", "/c", '"' + command[0] + '"']
  spawn(file, args, options).on("error", fail(127)).on("exit", (code) => process.exit(code ?? 1))
})`

/** The named pipe that a launcher holds open on Windows while its command runs. */
export const pipeName = (record_path: string): string =>
  `\\\\.\\pipe\\agentcom-sidecar-${createHash("sha256").update(record_path).digest("hex").slice(0, 32)}`

const commandNames = new Set([...variableNames.task, ...variableNames.messages])

/** Writes `${NAME}` as cmd.exe does, but only for the variables that hold no text of a task. */
const forCmd = (command: string): string =>
  command.replace(/\$\{(\w+)\}/g, (whole, name: string) => commandNames.has(name) ? `%${name}%` : whole)

/** The shell that becomes the wake command. */
export interface LauncherShell {
  readonly file: string
  readonly flags: ReadonlyArray<string>
}

export const plainShell: LauncherShell = { file: "/bin/sh", flags: [] }

/** Full paths, because a folder of the PATH may be the agent's own. */
const bashes = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/run/current-system/sw/bin/bash"]

const findBash = (): string | null => bashes.find(isRunnable) ?? null

/** The variables whose names no shell could set. Dash and other plain shells do not pass these on. */
export const unshellable = (environment: Environment): ReadonlyArray<string> =>
  Object.keys(environment).filter((name) => !/^[A-Za-z_]\w*$/.test(name)).toSorted()

/** The shell for a command with this environment. Bash passes every variable on, and with `-p` reads none of the user's files. */
export const launcherShell = (
  command: WakeCommand,
  environment: Environment,
  find: () => string | null = findBash
): LauncherShell => {
  const bash = typeof command === "string" || unshellable(environment).length === 0 ? null : find()
  return bash === null ? plainShell : { file: bash, flags: ["-p"] }
}

export const lostRemedy = "install bash, or give them names of letters, digits and underscores"

/** A sentence with the variables that the agent of this command may not get; null if it gets all of them. */
export const lostVariables = (
  command: WakeCommand,
  environment: Environment,
  find: () => string | null = findBash
): string | null => {
  const names = unshellable(environment)
  if (platform === "windows" || typeof command === "string" || names.length === 0 || find() !== null) return null
  return `/bin/sh may not pass on to the agent the variables ${
    names.join(", ")
  }: no shell variable can have such a name`
}

export const windowsLaunch = (record_path: string, prefix: string, pipe: string, command: WakeCommand): Launch => {
  const formed = typeof command === "string" ? ["line", forCmd(command)] : ["list", ...command]
  return {
    file: process.execPath,
    args: ["--input-type=commonjs", "-e", nodeLauncher, "--", record_path, prefix, pipe, ...formed],
    env: {}
  }
}

export const posixLaunch = (
  record_path: string,
  prefix: string,
  command: WakeCommand,
  shell: LauncherShell = plainShell
): Launch => ({
  file: shell.file,
  args: [
    ...[...shell.flags, "-c", shellLauncher, "launcher", record_path, prefix],
    ...(typeof command === "string" ? ["/bin/sh", "-c", command] : command)
  ],
  env: { [launching]: "1" }
})

/** The launcher of `command`. It makes the record at `record_path`, or it does not run the command. */
export const launchOf = (
  on: Platform,
  record_path: string,
  known: KnownBefore,
  command: WakeCommand,
  shell: LauncherShell
): Launch =>
  on === "windows"
    ? windowsLaunch(record_path, recordPrefix(known), pipeName(record_path), command)
    : posixLaunch(record_path, recordPrefix(known), command, shell)
