import { readdirSync, readFileSync } from "node:fs"
import { type Folder, isAlive, until } from "./daemon.ts"

const environmentOf = (pid: string): string => {
  try {
    return readFileSync(`/proc/${pid}/environ`, "utf8")
  } catch {
    return "" // it has ended
  }
}

/** Every living process of an agent of this folder; those that hide from its marks are in the file `hidden`, by their pids. */
export const processesOf = (folder: Folder): ReadonlyArray<number> => {
  const marked = readdirSync("/proc").filter((name) =>
    /^\d+$/.test(name) && environmentOf(name).includes(`TASK_FILE=${folder.path}/`)
  )
  const hidden = folder.read("hidden").split("\n").filter((pid) => pid !== "")
  return [...marked, ...hidden].map(Number).filter(isAlive)
}

export const noneLeft = (folder: Folder) =>
  until("no process of the agent is left", () => processesOf(folder).length === 0, 30_000)
