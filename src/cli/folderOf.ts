import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import type { Folder } from "../control/ask.ts"
import { loadSettings } from "../SidecarConfig.ts"

/** The agent's folder, by its configuration. */
export const folderOf = (config = "./config.json") =>
  Effect.map(
    loadSettings(config),
    ({ state_file, token }): Folder => ({ path: dirname(state_file), state_file, token })
  )
