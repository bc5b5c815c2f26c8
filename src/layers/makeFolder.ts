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

/**
 * Makes `folder` and what is missing above it, but never the agent's own folder, `home`, nor what is above that: where it was
 * moved away or its disk is gone, a new one of its name would hide that from whoever brings it back.
 */
export const makeFolder = async (home: string, folder: string): Promise<void> => {
  const below = relative(home, folder)
  const isBelow = below !== ".." && !below.startsWith(`..${sep}`) && !isAbsolute(below)
  if (!isBelow) return void await mkdir(folder, { recursive: true, mode })
  const names = below.split(sep)
  for (const count of names.keys()) await makeOne(join(home, ...names.slice(0, count + 1)))
}

/** The agent's own folder, which holds the state. */
export const homeOf = (settings: { readonly state_file: string }): string => dirname(settings.state_file)
