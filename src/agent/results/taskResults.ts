import * as Effect from "effect/Effect"
import type { Stats } from "node:fs"
import { lstat } from "node:fs/promises"
import { join } from "node:path"
import type { Answer, FolderEvidence, Progress } from "../../domain/Evidence.ts"
import { limits } from "../../limits.ts"
import { orAbsent } from "../../storage/absent.ts"
import { attempt } from "../../storage/files.ts"
import { type Moment, thisMoment } from "../../storage/moment.ts"
import type { Pace } from "./Pace.ts"
import { parseAnswer, parseProgress } from "./parse.ts"
import { datedBy, type FileFound, readRegular } from "./regularFile.ts"
import type { Changed, Sightings } from "./sightings.ts"

/** The files an agent writes for one task. */
export interface ResultFiles {
  readonly started: string
  readonly progress: string
  readonly answer: string
}

export const resultFiles = (folder: string, work_id: string): ResultFiles => ({
  started: join(folder, `${work_id}.started`),
  progress: join(folder, `${work_id}.progress`),
  answer: join(folder, `${work_id}.json`)
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
    Effect.map(datedBy),
    orAbsent(path, null)
  )

/** Of whom it is that the results are read, and what they are dated by. */
export interface Reader {
  readonly folder: string
  readonly own: ReadonlyArray<string>
  readonly sightings: Sightings
}

/** What keeps a watch from reading: its pace, and the versions it has told of. */
export interface Restraint {
  readonly pace: Pace
  readonly isTold: (version: string) => boolean
}

/** Reads all that there is of a task at this moment, dated by when its files were seen to change. */
export const readResults = Effect.fnUntraced(
  function*({ folder, own, sightings }: Reader, work_id: string, now: Moment, restraint: Restraint | null) {
    const files = resultFiles(folder, work_id)
    const dated = (path: string, file: Changed | null) => sightings.see(work_id, path, file, now)
    const mayRead = Effect.fnUntraced(function*(path: string, stats: Stats) {
      if (restraint === null) return true
      const seen = yield* thisMoment
      const { modified_at, version } = datedBy(stats)
      const known_since = sightings.see(work_id, path, { modified_at, version }, seen)?.known_since ?? seen.wall
      const still_ms = seen.wall - Math.min(known_since, modified_at)
      return !restraint.isTold(version) && restraint.pace.mayRead({ path, bytes: stats.size, still_ms }, seen.steady)
    })
    const read = Effect.fnUntraced(function*<A>(path: string, limit: number, parse: (file: FileFound) => A) {
      const file = yield* readRegular(path, limit, own, (stats) => mayRead(path, stats))
      const date = dated(path, file)
      if (file === null || date === null) return null
      const { changed_at, known_since } = date
      const begun = yield* thisMoment // what the disk takes is not our time
      const value = parse({ ...file, modified_at: known_since })
      const ended = yield* thisMoment
      if (file.content !== "later") restraint?.pace.hasRead(path, begun.steady, ended.steady)
      return { changed_at, version: file.version, value }
    })
    const started = yield* readSign(files.started)
    const progress = yield* read(files.progress, limits.progress_bytes, parseProgress)
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

export const evidenceOf = ({ started_at, progress_at, answer }: TaskResults): FolderEvidence => {
  const signs = [started_at, progress_at].filter((sign) => sign !== null)
  return {
    started: started_at !== null,
    last_sign_at: signs.length === 0 ? null : Math.max(...signs),
    answer: answer?.value ?? null
  }
}
