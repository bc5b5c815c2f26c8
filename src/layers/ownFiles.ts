import * as Predicate from "effect/Predicate"
import type { BigIntStats } from "node:fs"
import { statSync } from "node:fs"

/**
 * Whether a file that was opened is one of those at `paths` under another name (a hard link). One that cannot be looked at
 * may be it. Only a file with several names costs a look.
 */
export const isOneOf = ({ dev, ino, nlink }: BigIntStats, paths: ReadonlyArray<string>): boolean =>
  nlink > 1n && paths.some((path) => {
    try {
      const own = statSync(path, { bigint: true })
      return own.dev === dev && own.ino === ino
    } catch (cause) {
      return !(Predicate.hasProperty(cause, "code") && cause.code === "ENOENT")
    }
  })
