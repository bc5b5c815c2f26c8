import * as Effect from "effect/Effect"
import { exposedFolders, thisUser } from "../config/exposedFolders.ts"
import { type Exposed, exposedOf } from "../config/secretFiles.ts"
import { agentFolders } from "../config/SidecarConfig.ts"
import { platform } from "../platform.ts"
import { type Check, failed, ok, type Outcome, skipped } from "./Check.ts"

const windowsSaysItElsewhere = skipped("Windows says who may use a file or folder in another way: see its properties")

const exposure = (exposed: ReadonlyArray<Exposed>, otherwise: string): Outcome =>
  exposed.length === 0
    ? ok(otherwise)
    : failed(
      exposed.map(({ path, reason }) => `${path}: ${reason}`).join("; "),
      exposed.map(({ remedy }) => remedy).join("; ")
    )

/** Whether nobody but their owner may use the files that hold the token and the key. */
export const secretsOutcome = (paths: ReadonlyArray<string>, windows: boolean): Effect.Effect<Outcome> => {
  if (windows) return Effect.succeed(windowsSaysItElsewhere)
  if (paths.length === 0) return Effect.succeed(ok("no file holds the token: it is in the environment"))
  return Effect.map(
    exposedOf(paths, windows),
    (exposed) => exposure(exposed, `${paths.join(", ")} can be read by the owner only`)
  )
}

export const secretsCheck: Check = {
  name: "secrets",
  run: ({ settings: { secret_files } }) => secretsOutcome(secret_files, platform === "windows")
}

/** Whether nobody else may write where the agent's answers and records are. */
export const writersCheck: Check = {
  name: "writers",
  run: ({ settings }) => {
    const user = thisUser()
    return user === null ? Effect.succeed(windowsSaysItElsewhere) : Effect.map(
      exposedFolders(agentFolders(settings), user),
      (exposed) => exposure(exposed, "no other user may write in the agent's folders or replace them")
    )
  }
}
