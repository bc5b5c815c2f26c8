import { readFileSync } from "node:fs"

/** The most memory that a living process has had so far. */
export const peakBytes = (pid: number): number =>
  1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
