import * as Effect from "effect/Effect"
import { lstat } from "node:fs/promises"
import { join } from "node:path"
import type { Answer, FolderEvidence, Progress } from "../../domain/Evidence.ts"
import { limits } from "../../limits.ts"
import type { FileError } from "../files.ts"
import { attempt, isMissing } from "../files.ts"
import { parseAnswer, parseProgress } from "./parse.ts"
import { readRegular } from "./regularFile.ts"

/** The files an agent writes for one task. */
export interface ResultFiles {
  readonly started: string
  readonly progress: string
  readonly answer: string
}

export const resultFiles = (folder: string, task_id: string): ResultFiles => ({
  started: join(folder, `${task_id}.started`),
  progress: join(folder, `${task_id}.progress`),
  answer: join(folder, `${task_id}.json`)
})

/** Something found, with what tells it from what the same file said at another time. */
interface Versioned<A> {
  readonly version: string
  readonly value: A
}

/** What the folder says about a task at one moment. Times are epoch milliseconds. */
export interface TaskResults {
  readonly started_at: number | null
  readonly progress_at: number | null
  readonly progress: Versioned<Progress> | null
  readonly answer: Versioned<Answer | "half-written"> | null
}

const modifiedAt = (path: string): Effect.Effect<number | null, FileError> =>
  attempt(path, () => lstat(path)).pipe(
    Effect.map(({ mtimeMs }) => Math.trunc(mtimeMs)),
    Effect.catchIf(isMissing, () => Effect.succeed(null))
  )

/** Reads all that there is of a task at `now` (epoch milliseconds). */
export const readResults = Effect.fnUntraced(function*(folder: string, task_id: string, now: number) {
  const files = resultFiles(folder, task_id)
  const started_at = yield* modifiedAt(files.started)
  const progress = yield* readRegular(files.progress, limits.progress_bytes)
  const answer = yield* readRegular(files.answer, limits.answer_bytes)
  const said = progress === null ? null : parseProgress(progress)
  const results: TaskResults = {
    started_at,
    progress_at: progress?.modified_at ?? null,
    progress: progress === null || said === null ? null : { version: progress.version, value: said },
    answer: answer && { version: answer.version, value: parseAnswer(`${task_id}.json`, answer, now) }
  }
  return results
})

export const evidenceOf = ({ started_at, progress_at, answer }: TaskResults): FolderEvidence => {
  const signs = [started_at, progress_at].filter((sign) => sign !== null)
  return {
    started: started_at !== null,
    last_sign_at: signs.length === 0 ? null : Math.max(...signs),
    answer: answer?.value ?? null
  }
}
