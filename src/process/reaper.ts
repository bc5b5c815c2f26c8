import { readlinkSync } from "node:fs"
import { basename } from "node:path"

/** The program of the first process; null where the system does not tell. */
const firstProgram = (): string | null => {
  try {
    return basename(readlinkSync("/proc/1/exe"))
  } catch {
    return process.pid === 1 ? basename(process.execPath) : null
  }
}

export const reaperRemedy = "start the container with an init: docker run --init, `init: true` in a compose file"

/**
 * Why the processes that agents leave behind stay in the process table when they have ended; null where the first process
 * removes them. Node.js, by whatever it was started, removes only those that it has started itself.
 */
export const unreaped = (first: string | null = firstProgram()): string | null =>
  first !== null && /^node(js)?$/.test(first)
    ? "the first process of this container is Node.js, which leaves ended processes of agents in the process table"
    : null
