import * as Effect from "effect/Effect"
import { dirname } from "node:path"
import { loadSettings } from "../config/SidecarConfig.ts"
import type { Folder } from "../observe/control/ask.ts"

/** The agent's folder, by its configuration. */
export const folderOf = (config = "./config.json") =>
  Effect.map(
    loadSettings(config),
    ({ state_file, token }): Folder => ({ path: dirname(state_file), state_file, token })
  )
