import { constants, openSync } from "node:fs"

const gate = (path: string): string => `${path}.gate`

/**
 * Lets a shell wait until the file `path` is there. It sleeps at a FIFO, as looks of a process each, by a dozen agents that wait
 * for a minute, take more of the machine than all that is tested. Where no FIFO can be made, it looks.
 */
export const untilThere = (path: string): string =>
  `mkfifo ${gate(path)} 2>/dev/null
while [ ! -e ${path} ]; do [ ! -p ${gate(path)} ] || true <${gate(path)}; [ -e ${path} ] || sleep 0.02; done`

/** Lets go on who waits for the file, and who comes later, as long as what is returned is open. */
export const openGate = (path: string): ReadonlyArray<number> => {
  try {
    return [openSync(gate(path), constants.O_RDWR | constants.O_NONBLOCK)]
  } catch {
    return [] // nobody has come to wait yet, and whoever does finds the file
  }
}
