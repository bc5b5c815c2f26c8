import * as Predicate from "effect/Predicate"
import type { BigIntStats } from "node:fs"
import { statSync } from "node:fs"
import { resolve } from "node:path"

/** Whether the file is the one at `path`. True if that cannot be found out, to be on the safe side. */
const isAt = ({ dev, ino }: BigIntStats, path: string): boolean => {
  try {
    const own = statSync(path, { bigint: true })
    return own.dev === dev && own.ino === ino
  } catch (cause) {
    return !(Predicate.hasProperty(cause, "code") && cause.code === "ENOENT")
  }
}

/**
 * Whether an opened file is one of those at `paths` under another name (a hard link). Looks at them only if the file has
 * several names.
 */
export const isOneOf = (file: BigIntStats, paths: ReadonlyArray<string>): boolean =>
  file.nlink > 1n && paths.some((path) => isAt(file, path))

/** Whether a name leads to one of the files at `paths`, which need not exist yet. */
export const leadsToOneOf = (name: string, paths: ReadonlyArray<string>): boolean => {
  if (paths.includes(resolve(name))) return true
  try {
    const file = statSync(name, { bigint: true })
    return paths.some((path) => isAt(file, path))
  } catch {
    return false // opening the file reports the reason
  }
}
