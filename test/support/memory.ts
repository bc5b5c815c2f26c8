import { readFileSync } from "node:fs"

/** The most memory that a living process has had so far; 0 where the system does not tell. */
export const peakBytes = (pid: number): number =>
  process.platform === "linux"
    ? 1024 * Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1])
    : 0
