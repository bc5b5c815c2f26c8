import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { FolderLease } from "../services/FolderLease.ts"
import { Logger } from "../services/Logger.ts"

/** Logs nothing any more once the folder is lost: the log in it may be another sidecar's by then. */
export const LoggerWhileHeld: Layer.Layer<Logger, never, Logger> = Layer.effect(
  Logger,
  Effect.gen(function*() {
    const { log } = yield* Logger
    const { isLost } = yield* FolderLease
    return { log: (event) => Effect.suspend(() => isLost() ? Effect.void : log(event)) }
  })
)
