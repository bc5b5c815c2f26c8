import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstat, readFile, rm } from "node:fs/promises"
import { join } from "node:path"
import type { LifecycleEvent } from "../domain/LifecycleEvent.ts"
import { limits } from "../limits.ts"
import { attempt, isMissing, orElseLog, removeTemporaries, writeDurably } from "../storage/files.ts"

/** Which task's frame is being taken in, and how many lives of the daemon in a row have begun that. */
const Incoming = Schema.fromJsonString(Schema.Struct({ task_id: Schema.String, count: Schema.Int }))
type Incoming = typeof Incoming.Type
const decode = Schema.decodeUnknownOption(Incoming)
const encode = Schema.encodeSync(Incoming)

/** Remembers over a crash which large frame was being taken in, so that none ends the daemon again and again. */
export interface LargeFrames {
  /** Notes that the frame of the task is about to be parsed; false where two lives have ended with it. */
  readonly begin: (task_id: string) => Effect.Effect<boolean>
  /** What was noted is over: the task is on disk, or was not taken. */
  readonly end: Effect.Effect<void>
}

const readNote = async (path: string): Promise<Incoming | null> => {
  const stats = await lstat(path)
  if (!stats.isFile() || stats.size > limits.incoming_file_bytes) return null
  return Option.getOrNull(decode(await readFile(path, "utf8")))
}

/** Made anew each time, so that it goes through no link that an agent has put there. */
const writeNote = async (path: string, note: string): Promise<void> => {
  await rm(path, { force: true })
  await writeDurably(path, note)
}

/** The note in `incoming.json` of the agent's folder, which is never made for it. */
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
    let noted = false
    const frames: LargeFrames = {
      begin: (task_id) =>
        Effect.gen(function*() {
          const lives = found?.task_id === task_id ? found.count : 0
          noted = true
          if (lives >= limits.incoming_lives) return false
          const note = encode({ task_id, count: lives + 1 })
          yield* orElseLog(attempt(path, () => writeNote(path, note)), log, () => undefined)
          return true
        }),
      end: Effect.suspend(() => {
        if (!noted) return Effect.void
        noted = false
        return Effect.asVoid(orElseLog(attempt(path, () => rm(path, { force: true })), log, () => undefined))
      })
    }
    return frames
  }
)
