import { createHash } from "node:crypto"
import type { Platform } from "../platform.ts"
import type { WakeCommand } from "./arguments.ts"
import { commandVariables } from "./arguments.ts"
import type { LauncherShell } from "./launcherShell.ts"
import { plainShell } from "./launcherShell.ts"
import type { KnownBefore } from "./record.ts"
import { recordPrefix } from "./record.ts"

/** What is spawned for a wake. Of a task's text nothing is in it but the arguments of a list that ask for it. */
export interface Launch {
  readonly file: string
  readonly args: ReadonlyArray<string>
  /** What the environment of the launcher holds beside that of the command. */
  readonly env: Readonly<Record<string, string>>
}

/** What a launcher ends with that could not make the record, and so has not become the command; a command may as well. */
export const unrecorded_exit = 75

/** By this variable a launcher is told from the command that it becomes, where another's environment may be read. */
export const launching = "AGENTCOM_LAUNCHING"

/**
 * Makes the wake record, only where there is none yet (`set -C`), and becomes the command, which so keeps its pid and
 * start time. $1 the record's path, $2 its beginning, then the command. The start time is the 20th of the fields of
 * /proc/PID/stat that stand behind the name. Where there are pid namespaces, the command inherits a FIFO that it holds open
 * for as long as it lives (`alivePipe.ts`); where that cannot be made, it goes without.
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

/** The same where no process can become another: it stays as the parent of the command, and its pipe tells that it lives. */
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

/** `${NAME}` as cmd.exe writes it, for the variables that hold a name of ours and no text of a task. */
const forCmd = (command: string): string =>
  command.replace(/\$\{(\w+)\}/g, (whole, name: string) => commandVariables.has(name) ? `%${name}%` : whole)

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

/** The launcher of `command` for this platform; it makes the record at `record_path`, or does not run the command. */
export const launchOf = (
  platform: Platform,
  record_path: string,
  known: KnownBefore,
  command: WakeCommand,
  shell: LauncherShell
): Launch =>
  platform === "windows"
    ? windowsLaunch(record_path, recordPrefix(known), pipeName(record_path), command)
    : posixLaunch(record_path, recordPrefix(known), command, shell)
