import * as Effect from "effect/Effect"
import { lstat, mkdir, stat } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, sep } from "node:path"
import { attempt, codeOf, exists, type FileError, isMissing } from "./files.ts"

/** Whatever the umask, no other user may write an answer there or read a task. */
const mode = 0o700

/** The agent's own folder, which holds the state. */
export const homeOf = (settings: { readonly state_file: string }): string => dirname(settings.state_file)

/** Whether `path` is `folder` or below it. */
export const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** Makes the folder if it does not exist, but no folder above it. Rejects if that fails. */
export const makeOne = (folder: string): Promise<void> =>
  mkdir(folder, { mode }).catch(async (cause: unknown) => {
    const isThere = codeOf(cause) === "EEXIST" && await stat(folder).then((found) => found.isDirectory(), () => false)
    if (!isThere) throw cause
  })

/**
 * Makes `folder` and what is missing above it, but never the agent's own folder, `home`, or what is above that. If `home` was
 * moved away or its disk is gone, a new folder of that name would hide it from the person who brings it back.
 */
export const makeFolder = async (home: string, folder: string): Promise<void> => {
  if (!isWithin(home, folder)) return void await mkdir(folder, { recursive: true, mode })
  const names = relative(home, folder).split(sep).filter((name) => name !== "")
  for (const count of names.keys()) await makeOne(join(home, ...names.slice(0, count + 1)))
}

const unlessMissing = (cause: unknown): null => {
  if (codeOf(cause) === "ENOENT") return null
  throw cause
}

/** Whether `folder` is a folder, or could be made: no other entry and no broken link is in its way. */
const isPossible = async (folder: string): Promise<boolean> => {
  const found = await stat(folder).catch(unlessMissing)
  if (found !== null) return found.isDirectory()
  const named = await lstat(folder).catch(unlessMissing)
  if (named !== null) return named.isDirectory() // it was made in between, unless this is a broken link
  return dirname(folder) === folder || isPossible(dirname(folder))
}

const isAbsent = async (path: string): Promise<boolean> => !(await exists(path)) && isPossible(dirname(path))

/**
 * Returns `absent` if the look finds nothing because nothing is there. A broken link, or a file in the place of a folder,
 * is an error instead, because it hides what there is. If the file was made in between, looks again.
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

/** Fails if the agent's own folder is missing: after a move, or without its disk, its content is unknown. */
export const withHome = (home: string) => <A>(look: Effect.Effect<A, FileError>): Effect.Effect<A, FileError> =>
  Effect.andThen(attempt(home, () => stat(home)), look)
