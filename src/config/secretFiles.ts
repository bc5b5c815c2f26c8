import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { stat } from "node:fs/promises"
import { resolve } from "node:path"
import { shellWord } from "./shellWord.ts"

const ofOthers = 0o077

/** The files in which the configuration keeps secrets, absolute: `path` is its own, and `json` what it says in the end. */
export const secretFilesOf = (path: string, folder: string, file: unknown, json: unknown): ReadonlyArray<string> => {
  const named = ["token_file", "tls_key"].flatMap((key) =>
    Predicate.hasProperty(json, key) && Predicate.isString(json[key]) ? [resolve(folder, json[key])] : []
  )
  return Predicate.hasProperty(file, "token") ? [resolve(path), ...named] : named
}

/** A file or folder that others than its owner may use. */
export interface Exposed {
  readonly path: string
  readonly reason: string
  readonly remedy: string
}

/** Those of the files that others may read or write; on Windows, whose rights are not in a mode, none. */
export const exposedOf = (paths: ReadonlyArray<string>, windows: boolean): Effect.Effect<ReadonlyArray<Exposed>> =>
  windows ? Effect.succeed([]) : Effect.map(
    Effect.forEach(paths, (path) =>
      Effect.match(Effect.tryPromise(() => stat(path)), {
        onSuccess: ({ mode }) =>
          (mode & ofOthers) === 0 ? [] : [{
            path,
            reason: `other users of this machine may use it (mode ${(mode & 0o777).toString(8)})`,
            remedy: `chmod 600 ${shellWord(path)}`
          }],
        onFailure: () => []
      })),
    (found) => found.flat()
  )
