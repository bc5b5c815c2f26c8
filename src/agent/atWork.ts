import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { lstat, readFile } from "node:fs/promises"
import { readWakeId } from "../domain/wakeId.ts"
import { type Assignment, JsonObject, type TaskFound } from "../domain/Work.ts"
import type { Place, Processes } from "../process/processes.ts"
import { settledRecord } from "../process/record.ts"
import { recordedWakes } from "../process/taskFiles.ts"
import { orAbsent } from "../storage/absent.ts"
import type { FileError } from "../storage/files.ts"
import { attempt } from "../storage/files.ts"
import { fromExactJson } from "../text/schema.ts"
import { isAlive } from "./evidence.ts"
import { knownWake } from "./whose.ts"

const Payload = Schema.StructWithRest(
  Schema.Struct({
    task_id: Schema.String,
    description: Schema.String,
    metadata: JsonObject,
    generation: Schema.Int,
    assigned_at: Schema.Number
  }),
  [JsonObject]
)

const decode = Schema.decodeUnknownOption(fromExactJson(Payload))

const assignmentOf = (text: string): Assignment | null =>
  Option.match(decode(text), {
    onNone: () => null,
    onSome: (assignment) => {
      const { assigned_at, description, generation, metadata, task_id } = assignment
      return { task_id, description, metadata, generation, assigned_at, assignment }
    }
  })

/** What a task's agent was given; null where that is gone, or is none any more. */
const readPayload = Effect.fnUntraced(function*(path: string) {
  const stats = yield* attempt(path, () => lstat(path)).pipe(orAbsent(path, null))
  if (stats === null || !stats.isFile()) return null
  return assignmentOf(yield* attempt(path, () => readFile(path, "utf8")))
})

/** The newest wake whose leader lives, of all that there are records of, with what it was given. */
export const newestAtWork = Effect.fnUntraced(
  function*(
    processes: Processes,
    tasks_dir: string,
    place: Effect.Effect<Place, FileError>
  ): Effect.fn.Return<TaskFound | null, FileError> {
    const named = (yield* recordedWakes(tasks_dir)).flatMap((files) => {
      const wake = readWakeId(files.wake_id)
      return wake === null ? [] : [{ files, wake }]
    })
    for (const { files, wake } of named.toSorted((a, b) => b.wake.at - a.wake.at)) {
      const known = yield* knownWake(files, yield* settledRecord(files.record_path), yield* place, tasks_dir)
      const hasLeader = known !== null && (known.record !== null || known.at === "elsewhere")
      if (!hasLeader || !(yield* isAlive(processes, known))) continue
      const assignment = yield* readPayload(files.payload_path)
      return assignment === null || assignment.task_id !== files.work_id ? null : { wake, assignment }
    }
    return null
  }
)
