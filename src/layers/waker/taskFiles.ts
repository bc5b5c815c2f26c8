import * as Effect from "effect/Effect"
import { readdir } from "node:fs/promises"
import { join } from "node:path"
import { isSafeTaskId } from "../../domain/taskId.ts"
import { orAbsent } from "../absent.ts"
import type { FileError } from "../files.ts"
import { attempt } from "../files.ts"
import { inTime } from "./inTime.ts"

/** One wake by its files: the record that proves it, the payload it was given, and the text its agent is to read. */
export interface WakeFiles {
  readonly task_id: string
  readonly wake_id: string
  readonly record_path: string
  readonly payload_path: string
  readonly prompt_path: string
}

export const payloadPath = (folder: string, task_id: string): string => join(folder, `${task_id}.json`)

export const promptPath = (folder: string, task_id: string): string => join(folder, `${task_id}.prompt`)

export const logPath = (folder: string, task_id: string): string => join(folder, `${task_id}.log`)

/** The files of a task that all its wakes share. */
export const fixedPaths = (folder: string, task_id: string): ReadonlyArray<string> => [
  payloadPath(folder, task_id),
  promptPath(folder, task_id),
  logPath(folder, task_id)
]

export const wakeFiles = (folder: string, task_id: string, wake_id: string): WakeFiles => ({
  task_id,
  wake_id,
  record_path: join(folder, `${task_id}.${wake_id}.wake`),
  payload_path: payloadPath(folder, task_id),
  prompt_path: promptPath(folder, task_id)
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
        const [, task_id, wake_id] = recordName.exec(name) ?? []
        return task_id !== undefined && wake_id !== undefined && isSafeTaskId(task_id)
          ? [wakeFiles(folder, task_id, wake_id)]
          : []
      })
    )
  )
