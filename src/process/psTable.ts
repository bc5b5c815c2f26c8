import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { promisify } from "node:util"
import { attempt, isMissing } from "../storage/files.ts"
import { wakerLimits } from "./limits.ts"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"

const run = promisify(execFile)

/** Runs a tool of the system and returns what it prints, in a form that neither language nor time zone changes. */
const tool = (file: string, ...args: ReadonlyArray<string>) =>
  attempt(file, () =>
    run(file, args, {
      env: { ...process.env, LC_ALL: "C", TZ: "UTC0" },
      timeout: wakerLimits.tool_timeout_ms,
      maxBuffer: wakerLimits.tool_output_bytes
    })).pipe(Effect.map(({ stdout }) => stdout))

const columns = "pid=,ppid=,pgid=,stat=,lstart="
const line = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.*\S)\s*$/

/** Reads what `ps -o pid=,ppid=,pgid=,stat=,lstart=` prints. */
export const parsePs = (output: string): ReadonlyArray<ProcessEntry> =>
  output.split("\n").flatMap((text) => {
    const [, pid, parent, group, state = "", start_time = ""] = line.exec(text) ?? []
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

/** The table of a system without `/proc`; other processes' environments are not to be had there, so no cookie is. */
export const psTable: ProcessTable = {
  place: tool("sysctl", "-n", "kern.bootsessionuuid").pipe(
    // The tool ends with an error, or is not there, on a system that does not tell.
    Effect.catchIf((error) => /^\d+$/.test(error.code) || isMissing(error), () => Effect.succeed("")),
    Effect.map((id) => ({ boot: id.trim(), pid_namespace: "" }))
  ),
  find: (pid) =>
    tool("ps", "-p", String(pid), "-o", columns).pipe(
      Effect.map((output) => parsePs(output)[0] ?? null),
      Effect.catchIf((error) => error.code === "1", () => Effect.succeed(null)) // ps ends with 1 where there is no such process
    ),
  all: () => tool("ps", "-A", "-o", columns).pipe(Effect.map(parsePs))
}
