import * as Effect from "effect/Effect"
import { type Exposed, exposedFolders, exposedOf, thisUser } from "../config/exposure.ts"
import { agentFolders } from "../config/SidecarConfig.ts"
import { encryptionRemedy, unencrypted } from "../hub/network.ts"
import { platform } from "../platform.ts"
import { type Check, failed, ok, type Outcome, skipped } from "./Check.ts"

const notOnWindows = skipped("Windows keeps permissions in another way: see the properties of the file or folder")

const outcomeOf = (exposed: ReadonlyArray<Exposed>, otherwise: string): Outcome =>
  exposed.length === 0
    ? ok(otherwise)
    : failed(
      exposed.map(({ path, reason }) => `${path}: ${reason}`).join("; "),
      exposed.map(({ remedy }) => remedy).join("; ")
    )

/** Whether only their owner may use the files that hold the token and the key. */
export const secretsOutcome = (paths: ReadonlyArray<string>, windows: boolean): Effect.Effect<Outcome> => {
  if (windows) return Effect.succeed(notOnWindows)
  if (paths.length === 0) return Effect.succeed(ok("no file holds the token: it is in the environment"))
  return Effect.map(
    exposedOf(paths, windows),
    (exposed) => outcomeOf(exposed, `${paths.join(", ")} can be read by the owner only`)
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
    return user === null ? Effect.succeed(notOnWindows) : Effect.map(
      exposedFolders(agentFolders(settings), user),
      (exposed) => outcomeOf(exposed, "no other user may write in the agent's folders or replace them")
    )
  }
}

/** Whether nobody between this machine and the hub can read the traffic. */
export const encryptionCheck: Check = {
  name: "encryption",
  run: ({ settings }) => {
    const plain = unencrypted(settings)
    return Effect.succeed(
      plain.length === 0
        ? ok("the traffic with the hub is encrypted, or stays on this machine")
        : failed(`everybody on the way reads the token and the tasks: ${plain.join(", ")}`, encryptionRemedy)
    )
  }
}
