import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { lstat, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { type DecodeProblem, decodeScanned, type Incoming, scanFrame } from "../protocol/incoming.ts"
import { attempt, isMissing, orElseLog, removeTemporaries, writeDurably } from "../storage/files.ts"

export const large_frame_bytes = 256 * 1024 // a larger frame is noted on disk before it is parsed
const incoming_lives = 2 // of the daemon: more are not risked for one frame
const incoming_file_bytes = 4 * 1024

/** The task whose frame is being taken in, and how many lives of the daemon in a row have begun that. */
const Note = Schema.fromJsonString(Schema.Struct({ task_id: Schema.String, count: Schema.Int }))
const decodeNote = Schema.decodeUnknownOption(Note)
const encodeNote = Schema.encodeSync(Note)

/**
 * Notes on disk which large frame is being taken in. If that crashes the daemon, the next life knows it, so that one frame
 * cannot crash the daemon again and again.
 */
export interface LargeFrames {
  /** Notes that the task's frame is about to be parsed. False if too many lives of the daemon have ended with it. */
  readonly begin: (task_id: string) => Effect.Effect<boolean>
  /** Removes the note: the task is on disk, or was not taken. */
  readonly end: Effect.Effect<void>
}

const readNote = async (path: string): Promise<typeof Note.Type | null> => {
  const stats = await lstat(path)
  if (!stats.isFile() || stats.size > incoming_file_bytes) return null
  return Option.getOrNull(decodeNote(await readFile(path, "utf8")))
}

/** Removes the old note first, so that it never writes through a link that an agent has put there. */
const writeNote = async (path: string, note: string): Promise<void> => {
  await rm(path, { force: true })
  await writeDurably(path, note)
}

/** Keeps the note in `incoming.json` of the agent's folder, which it never creates. A disk error is only logged. */
export const makeLargeFrames = Effect.fnUntraced(
  function*(folder: string, log: (event: LifecycleEvent) => Effect.Effect<void>) {
    const path = join(folder, "incoming.json")
    const found = yield* orElseLog(
      removeTemporaries(path).pipe(
        Effect.andThen(attempt(path, () => readNote(path))),
        Effect.catchIf(isMissing, () => Effect.succeed(null))
      ),
      log,
      () => null
    )
    const tried = (change: () => Promise<void>) => orElseLog(attempt(path, change), log, () => undefined)
    let noted = false
    return {
      begin: Effect.fnUntraced(function*(task_id: string) {
        const lives = found?.task_id === task_id ? found.count : 0
        noted = true
        if (lives >= incoming_lives) return false
        const note = encodeNote({ task_id, count: lives + 1 })
        yield* tried(() => writeNote(path, note))
        return true
      }),
      end: Effect.suspend(() => {
        if (!noted) return Effect.void
        noted = false
        return tried(() => rm(path, { force: true }))
      })
    } satisfies LargeFrames
  }
)

/** Decodes a frame. A large one is noted before it is parsed; one that has ended too many lives is not parsed. */
export const takeIn = Effect.fnUntraced(function*(text: string, frames: LargeFrames) {
  const scanned = scanFrame(text)
  const { assigned, bytes } = scanned
  if (assigned !== null && bytes > large_frame_bytes && !(yield* frames.begin(assigned.task_id))) {
    const reason = `the sidecar ended ${incoming_lives} times while it took in the frame of the task, ${bytes} bytes`
    return Result.succeed<Incoming>({ _tag: "TaskUnworkable", ...assigned, reason })
  }
  const decoded: Result.Result<Incoming, DecodeProblem> = decodeScanned(scanned)
  if (Result.isFailure(decoded)) yield* frames.end
  return decoded
})
