import { createHash } from "node:crypto"
import type { Platform } from "../../platform.ts"
import type { WakeRecord } from "./record.ts"
import { recordPrefix } from "./record.ts"

/** What is spawned for a wake. Task data is in none of it: the command sees that in its environment and files only. */
export interface Launch {
  readonly file: string
  readonly args: ReadonlyArray<string>
}

/**
 * Makes the wake record, only where there is none yet (`set -C`), and becomes the command, which so keeps its pid and
 * start time. $1 the record's path, $2 its beginning, $3 the command; the fields of /proc/PID/stat from the third on follow.
 */
const shellLauncher = `set -Cf
agentcom_start=
if [ -r /proc/$$/stat ]; then
  read -r agentcom_start </proc/$$/stat
  set -- "$1" "$2" "$3" \${agentcom_start##*) }
  agentcom_start=\${23}
else
  agentcom_start=$(LC_ALL=C TZ=UTC0 ps -o lstart= -p $$)
fi
printf '%s,"pid":%s,"start_time":"%s"}\\n' "$2" "$$" "$agentcom_start" >"$1" || exit 75
unset agentcom_start
set +Cf
exec /bin/sh -c "$3"`

/** The same where no process can become another: it stays as the parent of the command, and its pipe tells that it lives. */
const nodeLauncher = `const { spawn } = require("node:child_process")
const [record, prefix, pipe, command] = process.argv.slice(1)
const fail = (code) => (error) => { console.error(error.message); process.exit(code) }
require("node:net").createServer((socket) => socket.destroy()).on("error", fail(75)).listen(pipe, () => {
  try {
    require("node:fs").writeFileSync(record, prefix + ',"pid":' + process.pid + ',"start_time":""}', { flag: "wx" })
  } catch (error) { fail(75)(error) }
  const options = { stdio: "inherit", windowsVerbatimArguments: true, windowsHide: true }
  spawn(process.env.ComSpec || "cmd.exe", ["/d", "/s", "/c", '"' + command + '"'], options)
    .on("error", fail(127)).on("exit", (code) => process.exit(code ?? 1))
})`

/** The named pipe that a launcher holds open on Windows while its command runs. */
export const pipeName = (record_path: string): string =>
  `\\\\.\\pipe\\agentcom-sidecar-${createHash("sha256").update(record_path).digest("hex").slice(0, 32)}`

export const windowsLaunch = (record_path: string, prefix: string, pipe: string, command: string): Launch => ({
  file: process.execPath,
  args: ["--input-type=commonjs", "-e", nodeLauncher, "--", record_path, prefix, pipe, command]
})

export const posixLaunch = (record_path: string, prefix: string, command: string): Launch => ({
  file: "/bin/sh",
  args: ["-c", shellLauncher, "launcher", record_path, prefix, command]
})

/** The launcher of `command` for this platform; it makes the record at `record_path`, or does not run the command. */
export const launchOf = (
  platform: Platform,
  record_path: string,
  known: Pick<WakeRecord, "wake_id" | "boot" | "log_offset">,
  command: string
): Launch =>
  platform === "windows"
    ? windowsLaunch(record_path, recordPrefix(known), pipeName(record_path), command)
    : posixLaunch(record_path, recordPrefix(known), command)
