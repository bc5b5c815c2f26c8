import * as Effect from "effect/Effect"
import { lstat, stat } from "node:fs/promises"
import { dirname } from "node:path"
import { attempt, codeOf, type FileError, isMissing } from "./files.ts"

/** What there is by that name; null where there is nothing. */
const find = async <A>(look: Promise<A>): Promise<A | null> => {
  try {
    return await look
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return null
    throw cause
  }
}

/** Whether a folder is there, or could be made: nothing is in its place, nor a link to nowhere on the way. */
const isFree = async (folder: string): Promise<boolean> => {
  const found = await find(stat(folder))
  if (found !== null) return found.isDirectory()
  const named = await find(lstat(folder))
  if (named !== null) return named.isDirectory() // made in between; a link leads nowhere
  return dirname(folder) === folder || isFree(dirname(folder))
}

/** Whether nothing bears that name, and a folder is there that could hold it, or could be made. */
const isAbsent = async (path: string): Promise<boolean> => await find(lstat(path)) === null && isFree(dirname(path))

/**
 * Takes what is said to be missing for absent only where nothing bears its name: a link to nowhere hides what there is, as
 * does a file in the place of the folder. What was made in between is looked at again.
 */
export const orAbsent = <B>(path: string, absent: B) => <A>(look: Effect.Effect<A, FileError>) => {
  const lookOr = (otherwise: (error: FileError) => Effect.Effect<A | B, FileError>) =>
    Effect.catchIf(look, isMissing, (error) =>
      Effect.flatMap(
        attempt(path, () => isAbsent(path)),
        (isReally) => isReally ? Effect.succeed(absent) : otherwise(error)
      ))
  return lookOr(() => lookOr(Effect.fail))
}

/** Fails where the agent's own folder is not there: moved away or on a disk that is gone, it holds what it held. */
export const withHome = (home: string) => <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A, FileError> =>
  Effect.andThen(attempt(home, () => stat(home)), look)
