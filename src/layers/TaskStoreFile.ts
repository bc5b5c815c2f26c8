import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Predicate from "effect/Predicate"
import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import { SidecarConfig } from "../config/SidecarConfig.ts"
import { emptyStore, StoredState } from "../domain/SidecarState.ts"
import { fromV1, StoredStateV1 } from "../domain/StoredStateV1.ts"
import { Logger } from "../services/Logger.ts"
import { type StateNotOurs, StoreError, TaskStore } from "../services/TaskStore.ts"
import {
  attempt,
  FileError,
  orElseLog,
  reasonOf,
  removeTemporaries,
  versionOf,
  writeDurably
} from "../storage/files.ts"
import { notAFile, readAgain, setAside, statOf, writtenByNewer } from "../storage/reading.ts"
import { asNumber, parseExact } from "../text/json.ts"

export const state_file_bytes = 128 * 1024 * 1024
const state_settles_ms = 2_000 // an invalid state is corrupt if it has not changed for this long

/** What the state file holds. `version` shows whether an invalid file is still being written. */
type Found =
  | { readonly _tag: "State"; readonly state: StoredState | null }
  | { readonly _tag: "Invalid"; readonly version: string; readonly reason: string }
  | { readonly _tag: "NotOurs"; readonly why: StateNotOurs }

const decode = Schema.decodeUnknownEffect(Schema.Union([StoredState, StoredStateV1]))

const isNewer = (value: unknown): boolean => {
  const version = Predicate.hasProperty(value, "version") ? asNumber(value.version) : null
  return Predicate.isNumber(version) && version > emptyStore.version
}

/** Decodes the bytes of the file. */
const understand = (path: string, bytes: Uint8Array, version: string): Effect.Effect<Found> =>
  Effect.try({
    try: () => parseExact(new TextDecoder("utf-8", { fatal: true }).decode(bytes)),
    catch: reasonOf
  }).pipe(
    Effect.flatMap((value) =>
      isNewer(value)
        ? Effect.succeed<Found>({ _tag: "NotOurs", why: writtenByNewer(path) })
        : Effect.mapBoth(decode(value), {
          onFailure: ({ message }) => message,
          onSuccess: (state): Found => ({ _tag: "State", state: state.version === 1 ? fromV1(state) : state })
        })
    ),
    Effect.catch((reason) => Effect.succeed<Found>({ _tag: "Invalid", version, reason }))
  )

const look = Effect.fnUntraced(function*(path: string): Effect.fn.Return<Found, FileError> {
  const stats = yield* statOf(path)
  if (stats === null) return { _tag: "State", state: null }
  if (!stats.isFile()) return { _tag: "NotOurs", why: notAFile(path, stats) } // reading a named pipe would wait
  const version = versionOf(stats)
  if (stats.size > state_file_bytes) {
    const reason = `it has ${stats.size} bytes, more than ${state_file_bytes}`
    return { _tag: "Invalid", version, reason }
  }
  return yield* understand(path, yield* attempt(path, () => readFile(path)), version)
})

/** Reads the file. An invalid one may still be being written, so it counts only if it has not changed for a while. */
const lookTwice = Effect.fnUntraced(function*(path: string) {
  const first = yield* look(path)
  if (first._tag !== "Invalid") return first
  yield* Effect.sleep(state_settles_ms)
  const later = yield* look(path)
  if (later._tag !== "Invalid" || later.version === first.version) return later
  return yield* new FileError({ path, code: "", reason: `it changes while it is read: ${later.reason}` })
})

/** The text of the state. Throws if it is too large: `load` would refuse it, so it must not replace a good file. */
const encode = (state: StoredState): string => {
  const text = JSON.stringify(state)
  const size = Buffer.byteLength(text)
  if (size > state_file_bytes) {
    throw new Error(`the state has ${size} bytes, more than ${state_file_bytes}`)
  }
  return text
}

/** The state in `state_file`. Every save replaces the whole file. Only its owner can read it. */
export const TaskStoreFile: Layer.Layer<TaskStore, never, SidecarConfig | Logger> = Layer.effect(
  TaskStore,
  Effect.gen(function*() {
    const { state_file: path } = yield* SidecarConfig
    const { log } = yield* Logger

    return TaskStore.of({
      load: Effect.gen(function*() {
        const found = yield* readAgain(lookTwice(path), log)
        if (found._tag === "NotOurs") return yield* found.why
        yield* orElseLog(removeTemporaries(path), log, () => undefined)
        if (found._tag === "State") return found.state
        yield* setAside(path, found.reason, log)
        return null
      }),
      save: (state) =>
        Effect.tryPromise({
          try: async () => writeDurably(path, encode(state)),
          catch: (cause) => new StoreError({ path, cause })
        }).pipe(Effect.uninterruptible)
    })
  })
)
