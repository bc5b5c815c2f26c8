import * as Effect from "effect/Effect"
import { open, readdir } from "node:fs/promises"
import { attempt } from "../files.ts"
import { wakerLimits } from "./limits.ts"
import type { ProcessEntry, ProcessTable } from "./processTable.ts"

/** A process may end between two looks at it. */
const hasEnded = (error: { readonly code: string }): boolean => error.code === "ENOENT" || error.code === "ESRCH"

/** These files tell no size, for which `readFile` takes 64 KiB for each; a look at all processes reads hundreds of them. */
const readSmall = async (path: string): Promise<string> => {
  const handle = await open(path, "r")
  try {
    let bytes = Buffer.allocUnsafe(wakerLimits.proc_file_bytes)
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

/** Reads `/proc/PID/stat`; the name in it may hold anything, so the fields are counted from its closing parenthesis. */
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

const find = Effect.fnUntraced(
  function*(pid: number) {
    const entry = parseStat(pid, yield* text(`/proc/${pid}/stat`))
    const environment = yield* Effect.orElseSucceed(text(`/proc/${pid}/environ`), () => "")
    return { ...entry, environment }
  },
  Effect.catchIf(hasEnded, () => Effect.succeed(null))
)

export const linuxTable: ProcessTable = {
  boot: text("/proc/sys/kernel/random/boot_id").pipe(
    Effect.map((id) => id.trim()),
    Effect.orElseSucceed(() => "")
  ),
  find,
  all: attempt("/proc", () => readdir("/proc")).pipe(
    Effect.map((names) => names.filter((name) => /^\d+$/.test(name)).map(Number)),
    Effect.flatMap((pids) => Effect.forEach(pids, find, { concurrency: wakerLimits.process_reads })),
    Effect.map((entries) => entries.filter((entry) => entry !== null))
  )
}
