import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as FiberMap from "effect/FiberMap"
import { closeSync, constants, fstatSync, ftruncateSync, lstatSync, openSync, readSync, writeSync } from "node:fs"
import type { FileHandle } from "node:fs/promises"
import { open, rm } from "node:fs/promises"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { isOneOf } from "../secrets/ownFiles.ts"
import type { FileError } from "../storage/files.ts"
import { attempt, isMissing, orElseLog } from "../storage/files.ts"
import { processLimits } from "./limits.ts"
import { logPath } from "./wakeFiles.ts"

/** What a cut leaves of a log that is larger than `over_bytes`: its beginning and its end. */
interface Cut {
  readonly over_bytes: number
  readonly head_bytes: number
  readonly tail_bytes: number
}

/** The beginning of a wake's output is within the head, so that no cut moves it. */
const whileRunning: Cut = {
  over_bytes: processLimits.log_bytes,
  head_bytes: processLimits.log_head_bytes,
  tail_bytes: processLimits.log_tail_bytes
}

const beforeWake: Cut = {
  over_bytes: processLimits.earlier_log_bytes,
  head_bytes: 0,
  tail_bytes: processLimits.earlier_log_tail_bytes
}

const mark = Buffer.from("\n[... the sidecar has left out what was here, because this log was too large ...]\n")

/** `O_NOFOLLOW` because a link may lead to another file, `O_NONBLOCK` because a FIFO would block. Windows has neither flag. */
const safely = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const forAppending = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0)

const writeAll = (fd: number, bytes: Buffer, position: number): void => {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, position + done)
}

/** Moves the end of the file to just behind its head, with what is written meanwhile, and cuts off the rest. */
const shorten = (fd: number, { head_bytes, tail_bytes }: Cut): void => {
  const begin = head_bytes + mark.length
  let moved = 0 // what is to be kept has been copied up to here
  let end = begin
  writeAll(fd, mark, head_bytes)
  for (let round = 0; round < processLimits.log_cut_rounds; round++) {
    const { size } = fstatSync(fd)
    if (size <= moved) break
    if (size - moved > tail_bytes) {
      moved = size - tail_bytes
      end = begin
    }
    const bytes = Buffer.alloc(size - moved)
    const length = readSync(fd, bytes, 0, bytes.length, moved)
    writeAll(fd, bytes.subarray(0, length), end)
    moved += length
    end += length
  }
  ftruncateSync(fd, end)
}

const cutAt = (path: string, cut: Cut): void => {
  const stats = lstatSync(path)
  if (!stats.isFile() || stats.size <= cut.over_bytes) return
  const fd = openSync(path, constants.O_RDWR | safely)
  try {
    // Its writer may have emptied it in between.
    if (fstatSync(fd).size > cut.over_bytes) shorten(fd, cut)
  } finally {
    closeSync(fd)
  }
}

/**
 * Cuts the log in place and without a pause. Its writers append, and so go on behind the new end; a crash in the middle
 * leaves the end where it was. What they write in the microseconds between the last look and the cut is lost.
 */
const cutLog = (path: string, cut: Cut): Effect.Effect<void, FileError> =>
  Effect.catchIf(attempt(path, async () => cutAt(path, cut)), isMissing, () => Effect.void)

/** Cuts the log of a wake that runs, or may leave something running, to its limit. */
export const boundLog = (path: string): Effect.Effect<void, FileError> => cutLog(path, whileRunning)

/** Makes room in the log before a wake, so that its output begins within the head. */
export const makeRoom = (path: string): Effect.Effect<void, FileError> => cutLog(path, beforeWake)

const isForeign = (path: string, own: ReadonlyArray<string>): boolean => {
  const file = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  return file !== undefined && (!file.isFile() || isOneOf(file, own))
}

/** Opens the log for a wake to append to. Removes a link, or one of our `own` files, that an agent has put in its place. */
export const openLog = (path: string, own: ReadonlyArray<string>): Effect.Effect<FileHandle, FileError> =>
  attempt(path, async () => {
    if (isForeign(path, own)) await rm(path)
    return open(path, forAppending, 0o600)
  })

/** Hides secrets in a text that is quoted. */
export type Mask = (text: string) => Effect.Effect<string>

/** What of a program's output may be quoted: nothing from our `own` files, and nothing that `mask` hides. */
export interface Quoting {
  readonly mask: Mask
  readonly own: ReadonlyArray<string>
}

/** The last `output_read_bytes` from `offset` on; from the whole log if it is shorter, because its writer has emptied it. */
const logEnd = (path: string, offset: number, own: ReadonlyArray<string>): Effect.Effect<string, FileError> =>
  attempt(path, async () => {
    const fd = openSync(path, constants.O_RDONLY | safely) // all synchronous, so that no cut comes between
    try {
      if (isOneOf(fstatSync(fd, { bigint: true }), own)) return ""
      const { size } = fstatSync(fd)
      const start = Math.max(offset > size ? 0 : offset, size - processLimits.output_read_bytes)
      const buffer = Buffer.alloc(size - start)
      return buffer.toString("utf8", 0, readSync(fd, buffer, 0, buffer.length, start))
    } finally {
      closeSync(fd)
    }
  })

/** The last `output_tail_chars` of a text, without half a character at the beginning. */
export const tailOf = (text: string): string =>
  text.trimEnd().slice(-processLimits.output_tail_chars).replace(/^[\uDC00-\uDFFF]/, "")

/** The end of what was printed to the log from `offset` (bytes) on, masked; empty if it cannot be read. */
export const outputTail = (path: string, offset: number, { mask, own }: Quoting): Effect.Effect<string> =>
  logEnd(path, offset, own).pipe(Effect.flatMap(mask), Effect.map(tailOf), Effect.orElseSucceed(() => ""))

/** Keeps the logs of tasks within their limit while something may write to them, until the scope ends. */
export const makeLogKeeper = Effect.fnUntraced(
  function*(tasks_dir: string, log: (event: LifecycleEvent) => Effect.Effect<void>) {
    const fibers = yield* FiberMap.make<string, void>()
    const bound = (work_id: string) => boundLog(logPath(tasks_dir, work_id))

    /** Ends at the first error. The next `keep`, at the next look at the agent at the latest, begins again. */
    const keeping = (work_id: string) =>
      bound(work_id).pipe(
        Effect.andThen(Effect.sleep(processLimits.log_look_ms)),
        Effect.forever,
        (looking) => orElseLog(looking, log, () => undefined),
        Effect.tapCause((cause) =>
          Cause.hasInterruptsOnly(cause)
            ? Effect.void
            : log({ event: "fiber_died", fiber: `log of ${work_id}`, reason: Cause.pretty(cause) })
        )
      )

    return {
      keep: (work_id: string) =>
        Effect.asVoid(FiberMap.run(fibers, work_id, keeping(work_id), { onlyIfMissing: true })),
      /** For when nothing writes to the log any more. */
      release: (work_id: string) =>
        Effect.andThen(FiberMap.remove(fibers, work_id), orElseLog(bound(work_id), log, () => undefined))
    }
  }
)

export type LogKeeper = Effect.Success<ReturnType<typeof makeLogKeeper>>
