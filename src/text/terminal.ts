import { constants, openSync, writeSync } from "node:fs"
import { isatty } from "node:tty"
import { platform } from "../platform.ts"

const flags = constants.O_WRONLY | (constants.O_NONBLOCK ?? 0) | (constants.O_NOCTTY ?? 0)

/**
 * Our own opening of the terminal behind `fd`, where a write never waits for a terminal that has stopped (Ctrl-S); the one that
 * the shell and others share stays as it is. Null where it cannot be opened again: on other systems than Linux, and where
 * the terminal is another user's.
 */
export const openTerminal = (fd: 1 | 2): number | null => {
  if (platform !== "linux") return null
  try {
    return openSync(`/proc/self/fd/${fd}`, flags)
  } catch {
    return null
  }
}

/** Says a sentence on standard error as the process ends; a terminal that has stopped does not hear it, and holds up nothing. */
export const sayAtTheEnd = (sentence: string): void => {
  const fd = isatty(2) ? openTerminal(2) : null
  if (fd === null) return void process.stderr.write(sentence)
  try {
    writeSync(fd, sentence)
  } catch {
    // it takes nothing
  }
}
