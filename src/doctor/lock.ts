import * as Effect from "effect/Effect"
import { hasNoLocks } from "../storage/fallback.ts"
import { isHeld } from "../storage/isHeld.ts"
import { type Check, failed, ok } from "./Check.ts"

/** Whether the folder can be held, so that no second sidecar runs in it. */
export const lockCheck: Check = {
  name: "lock",
  needs: "folder",
  run: ({ folder }) =>
    Effect.gen(function*() {
      if (yield* isHeld(folder)) return ok(`${folder} is held by a running sidecar`)
      return (yield* hasNoLocks(folder))
        ? ok(
          `the file system of ${folder} has no locks: no other sidecar of this machine runs there, but another machine's may`
        )
        : ok(`${folder} can be locked, and nobody holds it`)
    }).pipe(
      Effect.catch(({ message }) =>
        Effect.succeed(
          failed(
            message.replace(/^agentcom-sidecar: /, ""),
            "give the folder's files to the user that runs the sidecar (chown), or move away what is not its"
          )
        )
      )
    )
}
