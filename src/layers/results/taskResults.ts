import * as Effect from "effect/Effect"
import { lstat } from "node:fs/promises"
import { join } from "node:path"
import type { Answer, FolderEvidence, Progress } from "../../domain/Evidence.ts"
import { limits } from "../../limits.ts"
import { attempt, isMissing } from "../files.ts"
import type { Moment } from "../moment.ts"
import { parseAnswer, parseProgress } from "./parse.ts"
import { readRegular, versionOf } from "./regularFile.ts"
import type { Sightings } from "./sightings.ts"

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

/** A file of whose content nothing is asked. */
const readSign = (path: string) =>
  attempt(path, () => lstat(path)).pipe(
    Effect.map((stats) => ({ version: versionOf(stats), modified_at: Math.trunc(stats.mtimeMs) })),
    Effect.catchIf(isMissing, () => Effect.succeed(null))
  )

/** Reads all that there is of a task at this moment, dated by when its files were seen to change. */
export const readResults = Effect.fnUntraced(
  function*(folder: string, task_id: string, own: ReadonlyArray<string>, sightings: Sightings, now: Moment) {
    const files = resultFiles(folder, task_id)
    const started = yield* readSign(files.started)
    const progress = yield* readRegular(files.progress, limits.progress_bytes, own)
    const answer = yield* readRegular(files.answer, limits.answer_bytes, own)
    const said = progress === null ? null : parseProgress(progress)
    const dated = (path: string, file: { readonly version: string; readonly modified_at: number }) =>
      sightings.date(task_id, path, file.version, file.modified_at, now)
    const results: TaskResults = {
      started_at: started && dated(files.started, started).changed_at,
      progress_at: progress && dated(files.progress, progress).changed_at,
      progress: progress === null || said === null ? null : { version: progress.version, value: said },
      answer: answer && {
        version: answer.version,
        value: parseAnswer(
          `${task_id}.json`,
          { ...answer, modified_at: dated(files.answer, answer).known_since },
          now.wall
        )
      }
    }
    return results
  }
)

export const evidenceOf = ({ started_at, progress_at, answer }: TaskResults): FolderEvidence => {
  const signs = [started_at, progress_at].filter((sign) => sign !== null)
  return {
    started: started_at !== null,
    last_sign_at: signs.length === 0 ? null : Math.max(...signs),
    answer: answer?.value ?? null
  }
}
