import { accessSync, constants } from "node:fs"
import { platform } from "../platform.ts"
import type { WakeCommand } from "./arguments.ts"
import type { Environment } from "./findProgram.ts"

/** The shell that becomes the wake command. */
export interface LauncherShell {
  readonly file: string
  readonly flags: ReadonlyArray<string>
}

export const plainShell: LauncherShell = { file: "/bin/sh", flags: [] }

/** The places of bash by name: a folder of the PATH may be the agent's own. */
const bashes = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash", "/run/current-system/sw/bin/bash"]

const isRunnable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

export const findBash = (): string | null => bashes.find(isRunnable) ?? null

/** The variables that no shell could set itself, of which dash and other plain shells pass none on. */
export const unshellable = (environment: Environment): ReadonlyArray<string> =>
  Object.keys(environment).filter((name) => !/^[A-Za-z_]\w*$/.test(name)).toSorted()

/** The shell for a command with this environment: bash passes every variable on, and with `-p` reads no file of the user's. */
export const launcherShell = (
  command: WakeCommand,
  environment: Environment,
  find: () => string | null = findBash
): LauncherShell => {
  const bash = typeof command === "string" || unshellable(environment).length === 0 ? null : find()
  return bash === null ? plainShell : { file: bash, flags: ["-p"] }
}

export const lostRemedy = "install bash, or give them names of letters, digits and underscores"

/** What the agent of this command will not be given, in words for its owner; null where it is given all. */
export const lostVariables = (
  command: WakeCommand,
  environment: Environment,
  find: () => string | null = findBash
): string | null => {
  const names = unshellable(environment)
  if (platform === "windows" || typeof command === "string" || names.length === 0 || find() !== null) return null
  return `/bin/sh may not pass on to the agent the variables ${names.join(", ")}, as their names are none of a shell`
}
