import type { Observation } from "../../services/ResultWatcher.ts"
import type { TaskResults } from "./taskResults.ts"

/** What has been told of a task; the versions are those of the files last told of. */
export interface Told {
  readonly started: boolean
  readonly progress: string | null
  readonly answer: string | null
  readonly final: boolean // a success has been told, so no other answer can count
}

export const nothingTold: Told = { started: false, progress: null, answer: null, final: false }

/** What is new in `results` to somebody who was told `told`. */
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
