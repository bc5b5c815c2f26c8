import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { readFile, stat } from "node:fs/promises"
import { emptyStore, StoredState } from "../domain/SidecarState.ts"
import { fromExactJson } from "../json/schema.ts"
import { limits } from "../limits.ts"
import { Logger } from "../services/Logger.ts"
import { StoreError, TaskStore } from "../services/TaskStore.ts"
import { SidecarConfig } from "../SidecarConfig.ts"
import { attempt, isMissing, moveToFreeName, orElseLog, removeTemporaries, writeDurably } from "./files.ts"

const decode = Schema.decodeUnknownEffect(fromExactJson(StoredState))

const readText = async (path: string): Promise<string> => {
  const stats = await stat(path)
  if (!stats.isFile()) throw new Error("it is no regular file") // a named pipe would be waited for
  const { size } = stats
  if (size > limits.state_file_bytes) throw new Error(`it has ${size} bytes, more than ${limits.state_file_bytes}`)
  return new TextDecoder("utf-8", { fatal: true }).decode(await readFile(path))
}

/** A file that `load` would refuse must never replace one that it would take. */
const encode = (state: StoredState): string => {
  const text = JSON.stringify(state)
  const size = Buffer.byteLength(text)
  if (size > limits.state_file_bytes) {
    throw new Error(`the state has ${size} bytes, more than ${limits.state_file_bytes}`)
  }
  return text
}

/** The state in `state_file`, replaced whole by every save and readable by its owner only. */
export const TaskStoreFile: Layer.Layer<TaskStore, never, SidecarConfig | Logger> = Layer.effect(
  TaskStore,
  Effect.gen(function*() {
    const { state_file: path } = yield* SidecarConfig
    const { log } = yield* Logger

    const setAside = Effect.fnUntraced(function*(reason: string) {
      const now = yield* Clock.currentTimeMillis
      const kept = yield* attempt(path, () => moveToFreeName(path, (stamp) => `${path}.corrupt-${stamp}`, now)).pipe(
        Effect.mapError((cause) => new StoreError({ reason: "Unreadable", path, cause }))
      )
      yield* log({ event: "state_set_aside", path: kept, reason })
      return emptyStore
    })

    return TaskStore.of({
      load: orElseLog(removeTemporaries(path), log, () => undefined).pipe(
        Effect.andThen(attempt(path, () => readText(path))),
        Effect.flatMap((text) => decode(text)),
        Effect.catch((error) =>
          error._tag === "FileError" && isMissing(error)
            ? Effect.succeed(emptyStore)
            : setAside(error._tag === "FileError" ? error.reason : error.message)
        ),
        Effect.uninterruptible
      ),
      save: (state) =>
        Effect.tryPromise({
          try: async () => writeDurably(path, encode(state)),
          catch: (cause) => new StoreError({ reason: "Unwritable", path, cause })
        }).pipe(Effect.uninterruptible)
    })
  })
)
