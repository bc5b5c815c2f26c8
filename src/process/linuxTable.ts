import * as Effect from "effect/Effect"
import { open, readdir, readlink } from "node:fs/promises"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing } from "../storage/files.ts"
import { inTime } from "./inTime.ts"
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

/** What belongs to another user may be hidden; some systems do not even tell that it is there. */
const isHidden = (error: { readonly code: string }): boolean => error.code === "EACCES" || error.code === "EPERM"

const unseen = (error: { readonly code: string }): boolean => hasEnded(error) || isHidden(error)

/** To read an environment is the larger part of a look at a process: it takes a lock of its memory. */
const findSince = Effect.fnUntraced(
  function*(pid: number, since: number) {
    const entry = parseStat(pid, yield* text(`/proc/${pid}/stat`))
    if (Number(entry.start_time) < since) return { ...entry, environment: "" }
    const environment = yield* Effect.catchIf(text(`/proc/${pid}/environ`), unseen, () => Effect.succeed(""))
    return { ...entry, environment }
  },
  Effect.catchIf(unseen, () => Effect.succeed(null))
)

/** What the system tells; empty where it does not. */
const orUntold = <A>(told: Effect.Effect<A, FileError>) =>
  Effect.catchIf(told, (error) => isMissing(error) || isHidden(error), () => Effect.succeed(""))

/**
 * The number of a pid namespace is given out again as soon as it has ended, as when a container restarts. Its first process
 * ends with it, so the start of that tells the two apart.
 */
const pidNamespace = Effect.gen(function*() {
  const link = "/proc/self/ns/pid"
  const id = yield* orUntold(attempt(link, () => readlink(link)))
  const first = yield* orUntold(Effect.map(text("/proc/1/stat"), (stat) => parseStat(1, stat).start_time))
  return id === "" ? "" : `${id} ${first}`
})

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
          concurrency: wakerLimits.process_reads
        })
      ),
      Effect.map((entries) => entries.filter((entry) => entry !== null))
    )
}
