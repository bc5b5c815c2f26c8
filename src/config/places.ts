import * as Effect from "effect/Effect"
import { realpath } from "node:fs/promises"
import { basename, dirname, join, sep } from "node:path"

/** The files and folders that the log must not be in or replace; absolute paths. */
export interface Places {
  readonly config_file: string
  readonly state_file: string
  readonly results_dir: string
  readonly tasks_dir: string
  readonly outbox: string
}

const ownNames = [
  ...["lock", "control.json", "incoming.json", "heard.json"],
  ...["agent.sqlite", "agent.sqlite-wal", "agent.sqlite-shm"]
]

/** The daemon's own files in the agent's folder: the configured ones and those with fixed names. */
export const ownFilesIn = (folder: string, configured: ReadonlyArray<string>): ReadonlyArray<string> => [
  ...new Set([...configured, ...ownNames.map((name) => join(folder, name))])
]

/** Where a path leads, with links followed as far as it exists. */
const placeOf = (path: string): Promise<string> =>
  realpath(path).catch(async () => {
    const above = dirname(path)
    return above === path ? path : join(await placeOf(above), basename(path))
  })

/** Two paths to the same place have the same one of these. */
const identityOf = async (path: string, windows: boolean): Promise<string> => {
  const place = await placeOf(path)
  return windows ? place.toLowerCase() : place
}

/** A full log is renamed to `.1`, and backups and temporary files of the state have its name and a suffix. */
const misplaced = (log: string, { config_file, state_file, ...folders }: Places): string | undefined => {
  if (log === config_file || /^\.\d+$/.test(config_file.slice(log.length)) && config_file.startsWith(log)) {
    return `must not be ${basename(config_file)}`
  }
  const folder = dirname(state_file)
  const own = [...ownNames, "control.sock"].find((name) => join(folder, name) === log)
  if (own !== undefined) return `must not be ${own}`
  if (log === state_file || log.startsWith(`${state_file}.`)) return `must not be ${basename(state_file)}`
  const [taken] = Object.entries(folders).find(([, path]) => `${log}${sep}`.startsWith(`${path}${sep}`)) ?? []
  return taken === undefined ? undefined : `must not be in ${taken}`
}

/** Why the log cannot be at `log_file`, as the end of a sentence; undefined if it can. */
export const logFileProblem = (log_file: string, places: Places, windows: boolean): Effect.Effect<string | undefined> =>
  Effect.promise(async () =>
    misplaced(await identityOf(log_file, windows), {
      config_file: await identityOf(places.config_file, windows),
      state_file: await identityOf(places.state_file, windows),
      results_dir: await identityOf(places.results_dir, windows),
      tasks_dir: await identityOf(places.tasks_dir, windows),
      outbox: await identityOf(places.outbox, windows)
    })
  )
