import * as Effect from "effect/Effect"
import { dirname, join, resolve } from "node:path"
import { loadSettings, type Settings } from "../config/SidecarConfig.ts"
import type { Folder } from "../observe/control/client.ts"
import type { Options } from "./commands.ts"

/** The configuration that a command takes if none is named. */
export const byDefault = "./config.json"

export const folderOf = ({ state_file, token }: Settings): Folder => ({ path: dirname(state_file), state_file, token })

/** The outbox of the sidecar that woke us; undefined for people. */
const givenOutbox = (): string | undefined => {
  const given = process.env["OUTBOX_DIR"]
  return given === undefined || given === "" ? undefined : resolve(given)
}

/** The configuration for a command that an agent may run: the one named, or else that beside the outbox of its sidecar. */
export const configOf = ({ config }: Options): string => {
  const outbox_dir = givenOutbox()
  return config ?? (outbox_dir === undefined ? byDefault : join(dirname(outbox_dir), "config.json"))
}

/** The outbox, and the settings. An agent may be unable to read those of the sidecar that woke it: then they are null. */
export const outboxOf = Effect.fnUntraced(function*(options: Options) {
  const given = options.config === undefined ? givenOutbox() : undefined
  const loading = loadSettings(configOf(options))
  if (given !== undefined) return { outbox_dir: given, settings: yield* Effect.orElseSucceed(loading, () => null) }
  const settings = yield* loading
  return { outbox_dir: settings.outbox_dir, settings }
})
