import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { rm } from "node:fs/promises"
import { basename, join } from "node:path"
import type { FileError } from "../../storage/files.ts"
import { attempt, isMissing, moveToFreeName } from "../../storage/files.ts"
import { makeFolder } from "../../storage/makeFolder.ts"
import type { ResultFiles } from "./taskResults.ts"

/** Removes whatever is at `path`, which an agent may have made as a folder. */
export const removePath = (path: string): Effect.Effect<void, FileError> =>
  attempt(path, () => rm(path, { force: true, recursive: true }))

/**
 * Moves one file into `folder` as `<work_id>.<stamp><extension>`; null where there is none to move. Where the folder cannot
 * take it, a full disk or another one for example, it gets another name beside its own, by which nobody takes it for new.
 */
const moveInto = (home: string, folder: string, work_id: string, extension: string, stamp: number, from: string) =>
  attempt(from, async () => {
    await makeFolder(home, folder)
    return moveToFreeName(from, (free) => join(folder, `${work_id}.${free}${extension}`), stamp)
  }).pipe(
    Effect.catchIf(
      (error) => !isMissing(error),
      () => attempt(from, () => moveToFreeName(from, (free) => `${from}.${basename(folder)}-${free}`, stamp))
    ),
    Effect.catchIf(isMissing, () => Effect.succeed(null))
  )

/**
 * Moves what there is of the task's files into `folder`, overwriting nothing, but for the answer where that is to stay;
 * returns where the answer is now, if it was moved.
 */
export const moveResults = Effect.fnUntraced(
  function*(home: string, folder: string, work_id: string, files: ResultFiles, answerStays: boolean) {
    const stamp = yield* Clock.currentTimeMillis
    yield* moveInto(home, folder, work_id, ".started", stamp, files.started)
    yield* moveInto(home, folder, work_id, ".progress", stamp, files.progress)
    return answerStays ? null : yield* moveInto(home, folder, work_id, ".json", stamp, files.answer)
  }
)
