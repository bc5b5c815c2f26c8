import * as Effect from "effect/Effect"
import { exposedOf } from "../config/secretFiles.ts"
import { platform } from "../platform.ts"
import { type Check, failed, ok, type Outcome, skipped } from "./Check.ts"

/** Whether nobody but their owner may use the files that hold the token and the key. */
export const secretsOutcome = (paths: ReadonlyArray<string>, windows: boolean): Effect.Effect<Outcome> => {
  if (windows) return Effect.succeed(skipped("Windows says who may read a file in another way: see its properties"))
  if (paths.length === 0) return Effect.succeed(ok("no file holds the token: it is in the environment"))
  return Effect.map(exposedOf(paths, windows), (exposed) =>
    exposed.length === 0
      ? ok(`${paths.join(", ")} can be read by the owner only`)
      : failed(
        exposed.map(({ path, reason }) => `${path}: ${reason}`).join("; "),
        exposed.map(({ remedy }) => remedy).join("; ")
      ))
}

export const secretsCheck: Check = {
  name: "secrets",
  run: ({ settings: { secret_files } }) => secretsOutcome(secret_files, platform === "windows")
}
