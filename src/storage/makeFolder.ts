import { mkdir, stat } from "node:fs/promises"
import { dirname, isAbsolute, join, relative, sep } from "node:path"
import { codeOf } from "./files.ts"

/** Whatever the umask, no other user may write an answer there, nor read a task. */
const mode = 0o700

/** Makes the folder where it is missing, and nothing above it. */
export const makeOne = (folder: string): Promise<void> =>
  mkdir(folder, { mode }).catch(async (cause: unknown) => {
    const isThere = codeOf(cause) === "EEXIST" && await stat(folder).then((found) => found.isDirectory(), () => false)
    if (!isThere) throw cause
  })

/** Whether `path` is `folder` or below it. */
export const isWithin = (folder: string, path: string): boolean => {
  const way = relative(folder, path)
  return way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/**
 * Makes `folder` and what is missing above it, but never the agent's own folder, `home`, nor what is above that: where it was
 * moved away or its disk is gone, a new one of its name would hide that from whoever brings it back.
 */
export const makeFolder = async (home: string, folder: string): Promise<void> => {
  if (!isWithin(home, folder)) return void await mkdir(folder, { recursive: true, mode })
  const names = relative(home, folder).split(sep).filter((name) => name !== "")
  for (const count of names.keys()) await makeOne(join(home, ...names.slice(0, count + 1)))
}

/** The agent's own folder, which holds the state. */
export const homeOf = (settings: { readonly state_file: string }): string => dirname(settings.state_file)
