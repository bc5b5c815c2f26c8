import * as Effect from "effect/Effect"
import type { Answer, FolderEvidence, Progress } from "../../domain/Evidence.ts"
import { limits } from "../../limits.ts"
import type { Observation } from "../../services/ResultWatcher.ts"
import { type Moment, thisMoment } from "../../storage/moment.ts"
import { type FileFound, readRegular, readSign, resultFiles } from "./files.ts"
import type { Changed, Pace, Sightings } from "./fileTimes.ts"
import { parseAnswer, parseProgress } from "./parse.ts"

export const progress_bytes = 64 * 1024

/** What a version of a file says. */
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

/** The folder to read, our own files that may be linked there, and the dates of what was seen. */
export interface Reader {
  readonly folder: string
  readonly own: ReadonlyArray<string>
  readonly sightings: Sightings
}

/** What keeps a watch from reading a file: its pace, and the versions it has already told of. */
export interface Restraint {
  readonly pace: Pace
  readonly isTold: (version: string) => boolean
}

/** Reads all that there is of a task at this moment, dated by when its files were seen to change. */
export const readResults = Effect.fnUntraced(
  function*({ folder, own, sightings }: Reader, work_id: string, now: Moment, restraint: Restraint | null) {
    const files = resultFiles(folder, work_id)
    const dated = (path: string, file: Changed | null) => sightings.see(work_id, path, file, now)
    const mayRead = Effect.fnUntraced(function*(path: string, file: Changed & { readonly bytes: number }) {
      if (restraint === null) return true
      const { bytes, modified_at, version } = file
      const seen = yield* thisMoment
      const known_since = sightings.see(work_id, path, file, seen)?.known_since ?? seen.wall
      const still_ms = seen.wall - Math.min(known_since, modified_at)
      return !restraint.isTold(version) && restraint.pace.mayRead({ path, bytes, still_ms }, seen.steady)
    })
    const read = Effect.fnUntraced(function*<A>(path: string, limit: number, parse: (file: FileFound) => A) {
      const file = yield* readRegular(path, limit, own, (found) => mayRead(path, found))
      const date = dated(path, file)
      if (file === null || date === null) return null
      const { changed_at, known_since } = date
      const begun = yield* thisMoment // after the disk's share: only our own work counts for the pace
      const value = parse({ ...file, modified_at: known_since })
      const ended = yield* thisMoment
      if (file.content !== "later") restraint?.pace.hasRead(path, begun.steady, ended.steady)
      return { changed_at, version: file.version, value }
    })
    const started = yield* readSign(files.started)
    const progress = yield* read(files.progress, progress_bytes, parseProgress)
    const answer = yield* read(
      files.answer,
      limits.answer_bytes,
      (file) => parseAnswer(`${work_id}.json`, file, now.wall)
    )
    const said = progress?.value ?? null
    const results: TaskResults = {
      started_at: dated(files.started, started)?.changed_at ?? null,
      progress_at: progress && progress.changed_at,
      progress: progress === null || said === null ? null : { version: progress.version, value: said },
      answer
    }
    return results
  }
)

/** What the results say about the agent: whether it has begun, its last sign of life, and its answer. */
export const folderEvidence = ({ started_at, progress_at, answer }: TaskResults): FolderEvidence => {
  const signs = [started_at, progress_at].filter((sign) => sign !== null)
  return {
    started: started_at !== null,
    last_sign_at: signs.length === 0 ? null : Math.max(...signs),
    answer: answer?.value ?? null
  }
}

/** What a watch has told of a task; the versions are those of the files it told of last. */
export interface Told {
  readonly started: boolean
  readonly progress: string | null
  readonly answer: string | null
  readonly final: boolean // it has told of a success, so no other answer can count
}

export const nothingTold: Told = { started: false, progress: null, answer: null, final: false }

/** What is new in `results` after `told`, with what has been told then. */
export const observe = (told: Told, results: TaskResults): readonly [Told, ReadonlyArray<Observation>] => {
  const started = results.started_at !== null && !told.started
  const progress = results.progress?.version === told.progress ? null : results.progress
  const candidate = told.final || results.answer?.version === told.answer ? null : results.answer
  const answer = candidate === null || candidate.value === "half-written" ? null : candidate.value
  const observations: ReadonlyArray<Observation> = [
    ...(started ? [{ _tag: "Started" as const }] : []),
    ...(progress === null ? [] : [{ _tag: "Progress" as const, progress: progress.value }]),
    ...(answer === null ? [] : [{ _tag: "Answer" as const, answer }])
  ]
  return [{
    started: told.started || started,
    progress: progress?.version ?? told.progress,
    answer: answer === null ? told.answer : candidate?.version ?? null,
    final: told.final || answer?._tag === "Success"
  }, observations]
}
