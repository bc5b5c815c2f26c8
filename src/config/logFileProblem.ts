import * as Effect from "effect/Effect"
import { realpath } from "node:fs/promises"
import { basename, dirname, join, sep } from "node:path"

/** The files and folders of the sidecar that its log must keep away from; absolute paths. */
export interface Places {
  readonly config_file: string
  readonly state_file: string
  readonly results_dir: string
  readonly tasks_dir: string
}

/** Where a path leads, its links followed as far as there is anything. */
const placeOf = (path: string): Promise<string> =>
  realpath(path).catch(async () => {
    const above = dirname(path)
    return above === path ? path : join(await placeOf(above), basename(path))
  })

/** By what two paths are told to be the same place. */
const nameOf = async (path: string, windows: boolean): Promise<string> => {
  const place = await placeOf(path)
  return windows ? place.toLowerCase() : place
}

/** A log that has grown too large becomes `.1`; what is set aside of the state, or not written whole, has its name and more. */
const misplaced = (log: string, { config_file, results_dir, state_file, tasks_dir }: Places): string | undefined => {
  if (log === config_file || /^\.\d+$/.test(config_file.slice(log.length)) && config_file.startsWith(log)) {
    return `must not be ${basename(config_file)}`
  }
  const folder = dirname(state_file)
  const own = ["lock", "control.json", "control.sock"].find((name) => join(folder, name) === log)
  if (own !== undefined) return `must not be ${own}`
  if (log === state_file || log.startsWith(`${state_file}.`)) return `must not be ${basename(state_file)}`
  if (`${log}${sep}`.startsWith(`${results_dir}${sep}`)) return "must not be in results_dir"
  return `${log}${sep}`.startsWith(`${tasks_dir}${sep}`) ? "must not be in tasks_dir" : undefined
}

/** Why the log cannot be at `log_file`, in words for its owner; undefined where it can. */
export const logFileProblem = (log_file: string, places: Places, windows: boolean): Effect.Effect<string | undefined> =>
  Effect.promise(async () =>
    misplaced(await nameOf(log_file, windows), {
      config_file: await nameOf(places.config_file, windows),
      state_file: await nameOf(places.state_file, windows),
      results_dir: await nameOf(places.results_dir, windows),
      tasks_dir: await nameOf(places.tasks_dir, windows)
    })
  )
