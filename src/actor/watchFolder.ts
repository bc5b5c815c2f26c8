import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { Message } from "../domain/Message.ts"
import { limits } from "../limits.ts"
import type { FolderLease, FolderLost } from "../services/FolderLease.ts"

/**
 * Looks every 30 s whether the folder is still ours, as an idle sidecar saves nothing. One that is gone is a disk that
 * fails; for one that was lost there is nothing more to do.
 */
export const watchFolder = (
  { check }: Context.Service.Shape<typeof FolderLease>,
  post: (message: Message) => Effect.Effect<void>
): Effect.Effect<void, FolderLost> =>
  check.pipe(
    Effect.catchTag("FolderGone", ({ message }) => post({ _tag: "SaveFailed", reason: message })),
    Effect.repeat(Schedule.spaced(limits.folder_look_ms)),
    Effect.asVoid
  )
