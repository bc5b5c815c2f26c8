import * as Effect from "effect/Effect"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { isSafeWorkId } from "../domain/workId.ts"
import { orAbsent } from "../storage/absent.ts"
import type { FileError } from "../storage/files.ts"
import { attempt } from "../storage/files.ts"
import { inTime } from "./inTime.ts"

/** One wake by its files: the record that proves it, the payload it was given, and the text its agent is to read. */
export interface WakeFiles {
  readonly work_id: string
  readonly wake_id: string
  readonly record_path: string
  readonly payload_path: string
  readonly prompt_path: string
}

export const payloadPath = (folder: string, work_id: string): string => join(folder, `${work_id}.json`)

export const promptPath = (folder: string, work_id: string): string => join(folder, `${work_id}.prompt`)

export const logPath = (folder: string, work_id: string): string => join(folder, `${work_id}.log`)

/** The files of a task that all its wakes share. */
export const fixedPaths = (folder: string, work_id: string): ReadonlyArray<string> => [
  payloadPath(folder, work_id),
  promptPath(folder, work_id),
  logPath(folder, work_id)
]

export const wakeFiles = (folder: string, work_id: string, wake_id: string): WakeFiles => ({
  work_id,
  wake_id,
  record_path: join(folder, `${work_id}.${wake_id}.wake`),
  payload_path: payloadPath(folder, work_id),
  prompt_path: promptPath(folder, work_id)
})

/** A task id may hold dots, a wake id holds none, so the last one parts them. */
const recordName = /^(.+)\.([^.]+)\.wake$/

/** Every wake that has a record in `folder`, of all tasks. */
export const recordedWakes = (folder: string): Effect.Effect<ReadonlyArray<WakeFiles>, FileError> =>
  attempt(folder, () => readdir(folder)).pipe(
    orAbsent<ReadonlyArray<string>>(folder, []),
    (listing) => inTime(folder, listing),
    Effect.map((names) =>
      names.flatMap((name) => {
        const [, work_id, wake_id] = recordName.exec(name) ?? []
        return work_id !== undefined && wake_id !== undefined && isSafeWorkId(work_id)
          ? [wakeFiles(folder, work_id, wake_id)]
          : []
      })
    )
  )
