import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { readlinkSync } from "node:fs"
import { open, readdir, readlink } from "node:fs/promises"
import { basename } from "node:path"
import { promisify } from "node:util"
import { platform } from "../platform.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing } from "../storage/files.ts"
import type { Place } from "./knownWake.ts"
import { inTime, processLimits } from "./limits.ts"

/** One entry of the process table. */
export interface ProcessEntry {
  readonly pid: number
  readonly parent: number
  readonly group: number
  readonly zombie: boolean
  readonly start_time: string
  readonly environment: string // `NAME=value`, each ended by a NUL; empty if it may not be read or was not asked for
}

/** The process table of a POSIX system. */
export interface ProcessTable {
  readonly place: Effect.Effect<Place, FileError>
  readonly find: (pid: number) => Effect.Effect<ProcessEntry | null, FileError>
  /** All entries; the environment only of those that began at `since` or later, where start times are numbers. */
  readonly all: (since: number) => Effect.Effect<ReadonlyArray<ProcessEntry>, FileError>
}

/** These files tell no size, so `readFile` would take 64 KiB for each. A look at all processes reads hundreds of them. */
const readSmall = async (path: string): Promise<string> => {
  const handle = await open(path, "r")
  try {
    let bytes = Buffer.allocUnsafe(processLimits.proc_file_bytes)
    for (let length = 0;;) {
      const { bytesRead } = await handle.read(bytes, length, bytes.length - length, length)
      if (bytesRead === 0) return bytes.toString("utf8", 0, length)
      length += bytesRead
      if (length === bytes.length) bytes = Buffer.concat([bytes], 2 * length)
    }
  } finally {
    await handle.close()
  }
}

const text = (path: string) => attempt(path, () => readSmall(path))

/** Reads `/proc/PID/stat`. The name in it may hold anything, so the fields are counted from its closing parenthesis. */
export const parseStat = (pid: number, stat: string): Omit<ProcessEntry, "environment"> => {
  const [state = "", parent, group, ...fields] = stat.slice(stat.lastIndexOf(")") + 2).trim().split(" ")
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    zombie: /^[ZXx]/.test(state),
    start_time: fields[16] ?? "" // field 22 of proc_pid_stat(5)
  }
}

/** Another user's process may be hidden. Some systems then say that it does not exist. */
const isHidden = (error: FileError): boolean => error.code === "EACCES" || error.code === "EPERM"

/** Whether the process is hidden, or has ended between two looks at it. */
const isUnseen = (error: FileError): boolean => error.code === "ENOENT" || error.code === "ESRCH" || isHidden(error)

/** Reads no environment that is not needed: that is the slowest part, because it locks the memory of the process. */
const findSince = Effect.fnUntraced(
  function*(pid: number, since: number) {
    const entry = parseStat(pid, yield* text(`/proc/${pid}/stat`))
    if (Number(entry.start_time) < since) return { ...entry, environment: "" }
    const environment = yield* Effect.catchIf(text(`/proc/${pid}/environ`), isUnseen, () => Effect.succeed(""))
    return { ...entry, environment }
  },
  Effect.catchIf(isUnseen, () => Effect.succeed(null))
)

/** What the system tells; empty if it does not. */
const orUntold = (told: Effect.Effect<string, FileError>) =>
  Effect.catchIf(told, (error) => isMissing(error) || isHidden(error), () => Effect.succeed(""))

/**
 * The system reuses the number of a pid namespace as soon as that has ended, as when a container restarts. The first
 * process of a namespace ends with it, so the start time of that process tells the two apart.
 */
const pidNamespace = Effect.gen(function*() {
  const link = "/proc/self/ns/pid"
  const id = yield* orUntold(attempt(link, () => readlink(link)))
  const first = yield* orUntold(Effect.map(text("/proc/1/stat"), (stat) => parseStat(1, stat).start_time))
  return id === "" ? "" : `${id} ${first}`
})

/** The table of Linux, by `/proc`. */
export const linuxTable: ProcessTable = {
  place: Effect.all({
    boot: orUntold(Effect.map(text("/proc/sys/kernel/random/boot_id"), (id) => id.trim())),
    pid_namespace: pidNamespace
  }),
  find: (pid) => findSince(pid, 0),
  all: (since) =>
    attempt("/proc", () => readdir("/proc")).pipe(
      Effect.map((names) => names.filter((name) => /^\d+$/.test(name)).map(Number)),
      Effect.flatMap((pids) =>
        Effect.forEach(pids, (pid) => inTime(`/proc/${pid}`, findSince(pid, since)), {
          concurrency: processLimits.process_reads
        })
      ),
      Effect.map((entries) => entries.filter((entry) => entry !== null))
    )
}

const run = promisify(execFile)

/** Runs a tool of the system and returns what it prints, in a form that neither language nor time zone changes. */
const tool = (file: string, ...args: ReadonlyArray<string>) =>
  attempt(file, () =>
    run(file, args, {
      env: { ...process.env, LC_ALL: "C", TZ: "UTC0" },
      timeout: processLimits.tool_timeout_ms,
      maxBuffer: processLimits.tool_output_bytes
    })).pipe(Effect.map(({ stdout }) => stdout))

const columns = "pid=,ppid=,pgid=,stat=,lstart="
const line = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*\S)\s*$/

/** Reads what `ps -o pid=,ppid=,pgid=,stat=,lstart=` prints. */
export const parsePs = (output: string): ReadonlyArray<ProcessEntry> =>
  output.split("\n").flatMap((printed) => {
    const [, pid, parent, group, state = "", start_time = ""] = line.exec(printed) ?? []
    return pid === undefined
      ? []
      : [{
        pid: Number(pid),
        parent: Number(parent),
        group: Number(group),
        zombie: state.startsWith("Z"),
        start_time,
        environment: ""
      }]
  })

/** The table of a system without `/proc`, by `ps`. It cannot read the environment of other processes, so it finds no cookie. */
export const psTable: ProcessTable = {
  place: tool("sysctl", "-n", "kern.bootsessionuuid").pipe(
    // On a system that does not tell, the tool is missing or ends with an error.
    Effect.catchIf((error) => /^\d+$/.test(error.code) || isMissing(error), () => Effect.succeed("")),
    Effect.map((id) => ({ boot: id.trim(), pid_namespace: "" }))
  ),
  find: (pid) =>
    tool("ps", "-p", String(pid), "-o", columns).pipe(
      Effect.map((output) => parsePs(output)[0] ?? null),
      Effect.catchIf((error) => error.code === "1", () => Effect.succeed(null)) // ps exits with 1 if there is no such process
    ),
  all: () => tool("ps", "-A", "-o", columns).pipe(Effect.map(parsePs))
}

/** The process table of this machine, except on Windows. */
export const systemTable: ProcessTable = platform === "linux" ? linuxTable : psTable

/** The program of the first process; null if the system does not tell. */
const firstProgram = (): string | null => {
  try {
    return basename(readlinkSync("/proc/1/exe"))
  } catch {
    return process.pid === 1 ? basename(process.execPath) : null
  }
}

export const reaperRemedy = "start the container with an init: docker run --init, `init: true` in a compose file"

/**
 * Why the processes that agents leave behind stay in the process table when they have ended; null if the first process
 * removes them. Node.js removes only the processes that it has started itself.
 */
export const unreaped = (first: string | null = firstProgram()): string | null =>
  first !== null && /^node(js)?$/.test(first)
    ? "the first process of this container is Node.js, which leaves ended processes of agents in the process table"
    : null
